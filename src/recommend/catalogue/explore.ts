/** Lets some places of an answer go to items drawn from the whole catalogue, so that nobody's taste closes in. */

import type { Random } from "../../core/random.ts";
import type { Candidate } from "./merge.ts";

export const EXPLORATION_RATE = 0.15;
/** Draws for one place; where all meet items that may not be shown the place stays as it was. */
const DRAWS = 20;

export interface ExplorePool {
  /** Items to draw from, those included that may not be shown. */
  readonly size: number;
  idAt(place: number): string;
  /** Of them those that may be shown beside an empty answer. */
  readonly showable: number;
  mayShow(itemId: string): boolean;
}

export interface Explored {
  readonly items: readonly Candidate[];
  /** Aligned: with what probability the item had to come to its place, given those above it. */
  readonly propensities: readonly number[];
  readonly isVaried: boolean;
}

/** Each place is replaced with probability 0.15 by an item drawn uniformly from those that are not in the answer. */
export function explore(greedy: readonly Candidate[], pool: ExplorePool, random: Random): Explored {
  const taken = new Set(greedy.map(({ itemId }) => itemId));
  const items: Candidate[] = [];
  const propensities: number[] = [];
  let isVaried = false;
  for (const candidate of greedy) {
    const isDrawn = random.next() < EXPLORATION_RATE;
    const available = Math.max(1, pool.showable - taken.size);
    const drawn = isDrawn ? draw(pool, taken, random) : null;
    if (drawn === null) {
      items.push(candidate);
      propensities.push(1 - EXPLORATION_RATE);
      continue;
    }
    taken.add(drawn);
    items.push({ itemId: drawn, score: candidate.score, reasons: ["exploration"] });
    propensities.push(EXPLORATION_RATE / available);
    isVaried = true;
  }
  return { items, propensities, isVaried };
}

function draw(pool: ExplorePool, taken: ReadonlySet<string>, random: Random): string | null {
  for (let tries = 0; tries < DRAWS && pool.size > 0; tries++) {
    const itemId = pool.idAt(Math.floor(random.next() * pool.size));
    if (!taken.has(itemId) && pool.mayShow(itemId)) return itemId;
  }
  return null;
}
