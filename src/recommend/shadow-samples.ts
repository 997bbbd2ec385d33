/** What comparisons of a shadow with what serves have shown: the newest ones, in numbers that workers can add up. */

import type { RankedList } from "./ranked-list.ts";

/** Items that each is asked for. */
export const COMPARED_LENGTH = 50;
/** Items that people look at: overlap and scores are those of these. */
export const OVERLAP_LENGTH = 10;
/** Newest comparisons that are kept. */
const MAX_SAMPLES = 1_000;

export interface ComparedLists {
  /** Share of the first ten of one that stand among the first ten of the other; 1 where both are empty. */
  readonly overlap: number;
  /** Spearman's rank correlation over the items that both have; NaN with fewer than two. */
  readonly correlation: number;
  /** Of the first ten. */
  readonly primaryScores: readonly number[];
  readonly shadowScores: readonly number[];
}

export interface ShadowSample extends ComparedLists {
  readonly primaryMs: number;
  readonly shadowMs: number;
}

/** One worker's comparisons; cloneable. */
export interface ShadowSampleSet {
  /** As answers name the policies. */
  readonly primary: string;
  readonly shadow: string;
  readonly samples: readonly ShadowSample[];
  readonly errors: number;
  /** Comparisons that were left out because there was no time for them. */
  readonly shed: number;
}

export class ShadowSamples {
  errors = 0;
  shed = 0;
  readonly #primary: string;
  readonly #shadow: string;
  readonly #samples: ShadowSample[] = [];
  #next = 0;

  constructor(primary: string, shadow: string) {
    this.#primary = primary;
    this.#shadow = shadow;
  }

  isOf(primary: string, shadow: string): boolean {
    return primary === this.#primary && shadow === this.#shadow;
  }

  add(sample: ShadowSample): void {
    this.#samples[this.#next] = sample;
    this.#next = (this.#next + 1) % MAX_SAMPLES;
  }

  /** Of the comparisons that are kept; there must be one. */
  meanOverlap(): number {
    return this.#samples.reduce((sum, { overlap }) => sum + overlap, 0) / this.#samples.length;
  }

  set(): ShadowSampleSet {
    const { errors, shed } = this;
    return { primary: this.#primary, shadow: this.#shadow, samples: this.#samples, errors, shed };
  }
}

export function compareLists(primary: RankedList, shadow: RankedList): ComparedLists {
  const [one, other] = [primary.itemIds.slice(0, OVERLAP_LENGTH), shadow.itemIds.slice(0, OVERLAP_LENGTH)];
  const longest = Math.max(one.length, other.length);
  const shared = one.filter((itemId) => other.includes(itemId)).length;
  return {
    overlap: longest === 0 ? 1 : shared / longest,
    correlation: spearman(primary.itemIds, shadow.itemIds),
    primaryScores: Array.from(primary.scores.slice(0, OVERLAP_LENGTH)),
    shadowScores: Array.from(shadow.scores.slice(0, OVERLAP_LENGTH)),
  };
}

/** 1 - 6 sum d^2 / (n (n^2 - 1)), where d is how far apart an item's places among the shared ones are. */
function spearman(one: readonly string[], other: readonly string[]): number {
  const inOther = new Set(other);
  const shared = one.filter((itemId) => inOther.has(itemId));
  const places = new Map(shared.map((itemId, place) => [itemId, place]));
  let sum = 0;
  let place = 0;
  for (const itemId of other) {
    const first = places.get(itemId);
    if (first !== undefined) sum += (first - place++) ** 2;
  }
  const n = shared.length;
  return n < 2 ? Number.NaN : 1 - (6 * sum) / (n * (n * n - 1));
}
