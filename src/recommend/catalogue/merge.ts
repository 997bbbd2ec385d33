/** Brings what the channels found together into one list of candidates. */

import type { Likeness } from "./card-likeness.ts";
import { type Hits, minMax } from "./hits.ts";

export interface Candidate {
  readonly itemId: string;
  readonly score: number;
  /** Names of what gave the score, in order. */
  readonly reasons: readonly string[];
}

export interface ChannelHits {
  readonly name: string;
  readonly weight: number;
  readonly hits: Hits;
}

export interface MergeInput {
  readonly channels: readonly ChannelHits[];
  /** What likeness by the catalogue adds, as it is. */
  readonly alike: ReadonlyMap<string, Likeness>;
  /** Best first. */
  readonly popular: readonly string[];
  readonly popularWeight: number;
  /** Whether an item may be in the answer at all. */
  readonly mayShow: (itemId: string) => boolean;
}

/** Of the last popular item; the first one counts 1. */
const LEAST_POPULAR = 0.1;

/**
 * score = sum over channels of weight * (raw - least) / (most - least), and what likeness adds. Popular items that no
 * channel found stand behind with weight * (1 falling in a line to 0.1). Best first; equal scores by item id.
 */
export function mergeCandidates({
  channels,
  alike,
  popular,
  popularWeight,
  mayShow,
}: MergeInput): Candidate[] {
  const merged = new Map<string, { score: number; reasons: string[] }>();
  const add = (itemId: string, score: number, reason: string) => {
    if (!mayShow(itemId)) return;
    const known = merged.get(itemId);
    if (known === undefined) merged.set(itemId, { score, reasons: [reason] });
    else {
      known.score += score;
      known.reasons.push(reason);
    }
  };
  for (const { name, weight, hits } of channels) {
    for (const [itemId, score] of minMax(hits)) add(itemId, weight * score, name);
  }
  for (const [itemId, parts] of alike) for (const [name, score] of parts) add(itemId, score, name);
  const found = new Set(merged.keys());
  for (const [place, itemId] of popular.entries()) {
    const fade = popular.length > 1 ? ((1 - LEAST_POPULAR) * place) / (popular.length - 1) : 0;
    if (!found.has(itemId)) add(itemId, popularWeight * (1 - fade), "popular");
  }
  return Array.from(merged, ([itemId, { score, reasons }]) => ({ itemId, score, reasons })).sort(byScore);
}

/** Best first; equal scores by item id. */
export function byScore(a: Candidate, b: Candidate): number {
  if (a.score !== b.score) return b.score - a.score;
  return a.itemId < b.itemId ? -1 : 1;
}
