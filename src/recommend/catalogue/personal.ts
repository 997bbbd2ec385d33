/** Bends candidates towards what a user did lately. */

import type { CatalogCard } from "../catalog-cards.ts";
import type { ProfileEntry } from "../ports.ts";
import { type Hits, NO_HITS, sumScaled } from "./hits.ts";
import { byScore, type Candidate } from "./merge.ts";

const HALF_LIFE_MS = 7 * 86_400_000;
const BEHAVIOR_SHARE = 0.5;
const TAGS_SHARE = 0.2;
/** Interactions that count: the newest ones, whose time is known. */
const INTERACTIONS = 50;

/** An item that the user took lately. */
export interface Taken {
  readonly itemId: string;
  /** Signal weights of its interactions, as a share of those of the item that has most: above 0, at most 1. */
  readonly weight: number;
  /** 0.5^(age of the newest one / 7 days). */
  readonly fading: number;
}

/** Newest first. */
export function takenItems(history: readonly ProfileEntry[], nowMs: number): Taken[] {
  const sums = new Map<string, { sum: number; tsMs: number }>();
  for (const { itemId, weight, tsMs } of history.slice(-INTERACTIONS).reverse()) {
    const known = sums.get(itemId);
    if (known === undefined) sums.set(itemId, { sum: weight, tsMs });
    else known.sum += weight;
  }
  const most = Math.max(...Array.from(sums.values(), ({ sum }) => sum));
  return Array.from(sums, ([itemId, { sum, tsMs }]) => ({
    itemId,
    weight: sum / most,
    fading: 0.5 ** (Math.max(0, nowMs - tsMs) / HALF_LIFE_MS),
  }));
}

export interface PersonalInput {
  readonly candidates: readonly Candidate[];
  readonly taken: readonly Taken[];
  /** What the behavior channel finds for an item that was taken; it is scaled to a largest score of 1. */
  readonly behaviorOf: (itemId: string) => Hits | undefined;
  readonly cardOf: (itemId: string) => CatalogCard | undefined;
}

/**
 * Without what was taken lately. The others gain, for each item taken, behavior similarity * weight * fading * 0.5, and
 * 0.2 * the mean over their tags of how much the user prefers each.
 */
export function personalise({ candidates, taken, behaviorOf, cardOf }: PersonalInput): Candidate[] {
  const known = new Set(taken.map(({ itemId }) => itemId));
  const liked = taken.map(({ itemId, weight, fading }) => ({
    hits: sumScaled([behaviorOf(itemId) ?? NO_HITS]),
    factor: weight * fading * BEHAVIOR_SHARE,
  }));
  const preference = tagPreference(taken, cardOf);
  return candidates
    .filter(({ itemId }) => !known.has(itemId))
    .map((candidate) => {
      const { itemId, score, reasons } = candidate;
      let gain = TAGS_SHARE * meanPreference(preference, cardOf(itemId)?.tags ?? []);
      for (const { hits, factor } of liked) gain += factor * (hits.get(itemId) ?? 0);
      return gain > 0 ? { itemId, score: score + gain, reasons: [...reasons, "personalized"] } : candidate;
    })
    .sort(byScore);
}

/** For each tag of items taken the sum of weight * fading, the largest one scaled to 1. */
function tagPreference(taken: readonly Taken[], cardOf: PersonalInput["cardOf"]): Hits {
  const sums = new Map<string, number>();
  for (const { itemId, weight, fading } of taken) {
    for (const tag of cardOf(itemId)?.tags ?? []) sums.set(tag, (sums.get(tag) ?? 0) + weight * fading);
  }
  const most = Math.max(...sums.values());
  return new Map(Array.from(sums, ([tag, sum]) => [tag, sum / most]));
}

function meanPreference(preference: Hits, tags: readonly string[]): number {
  if (tags.length === 0) return 0;
  return tags.reduce((sum, tag) => sum + (preference.get(tag) ?? 0), 0) / tags.length;
}
