/**
 * The built-in streaming policy `stream-v1`: what users did next, blended with what is popular now.
 *
 * score = .7 sequential rules + .2 co-visitation + .1 decayed popularity, each min-max normalised over the candidates.
 * New items are scored by content besides. They change nothing in the scores of others.
 */

import { bestRows } from "./bounded-select.ts";
import type { HiddenSlots } from "./hidden-items.ts";
import type { NeighbourList } from "./neighbour-list.ts";
import { MAX_NEW_CANDIDATES, NEW_ITEM_WEIGHT, type NewItemScores } from "./new-item-scores.ts";
import type { PopularityIndex } from "./popularity-index.ts";
import type { RankedList, SourceName } from "./ranked-list.ts";

/** Newest distinct items of the profile whose neighbours are candidates. */
export const PROFILE_DEPTH = 5;
/** Each older item of the profile says this much of what the one after it says: chosen by ADR 7. */
export const AGE_FACTOR = 0.7;
const MAX_NEIGHBOURS = 800;
const POPULAR_CANDIDATES = 200;
/** Where filters leave too few of the usual candidates. */
export const WIDE_POPULAR_CANDIDATES = 2_000;
export const MAX_CANDIDATES = MAX_NEIGHBOURS + WIDE_POPULAR_CANDIDATES + MAX_NEW_CANDIDATES;

export interface BlendWeights {
  readonly sequentialRules: number;
  readonly coVisitation: number;
  readonly decayedPopularity: number;
}

export const STREAM_WEIGHTS: BlendWeights = {
  sequentialRules: 0.7,
  coVisitation: 0.2,
  decayedPopularity: 0.1,
};

const SOURCES: readonly SourceName[] = ["sequential_rules", "co_visitation", "decayed_popularity", "content"];

export type SlotList = readonly number[] | Int32Array;

export interface StreamInput {
  /** Decayed popularity on a linear scale; its table numbers everything else. */
  readonly index: PopularityIndex;
  /** Neighbours of the newest distinct items, newest first; null where a list is not known. */
  readonly sources: readonly (NeighbourList | null)[];
  /** Slots that must not be in the list: what the user saw and what the caller excludes; -1 is no item. */
  readonly unwanted: SlotList;
  /** In no answer. */
  readonly hidden: HiddenSlots;
  /** What content says of new items; they are candidates, too. */
  readonly newItems?: NewItemScores;
  readonly k: number;
  /** Most popular items that are candidates, at most `WIDE_POPULAR_CANDIDATES`. */
  readonly popularCandidates?: number;
}

const FREE = -1;
const UNWANTED = -2;

/** Working memory of one realm's answers, one at a time: nothing is allocated that grows with the catalogue. */
export class StreamScratch {
  readonly #slots = new Int32Array(MAX_CANDIDATES);
  readonly #rows = Int32Array.from({ length: MAX_CANDIDATES }, (_, row) => row);
  readonly #rules = new Float64Array(MAX_CANDIDATES);
  readonly #transitions = new Float64Array(MAX_CANDIDATES);
  readonly #popularity = new Float64Array(MAX_CANDIDATES);
  readonly #content = new Float64Array(MAX_CANDIDATES);
  readonly #scores = new Float64Array(MAX_CANDIDATES);
  #count = 0;
  /** By slot: the row of the candidate, `FREE` or `UNWANTED`. */
  #marks = new Int32Array(0);

  /** The best `k` candidates; equal scores in order of popularity, then of insertion. */
  rank(input: StreamInput, weights = STREAM_WEIGHTS): RankedList {
    const { index, k, unwanted } = input;
    const slots = index.table.size;
    if (this.#marks.length < slots) this.#marks = new Int32Array(slots * 2).fill(FREE);
    this.#count = 0;
    let known = 0;
    let content: Spread = NOTHING;
    try {
      for (const slot of unwanted) if (slot >= 0) this.#marks[slot] = UNWANTED;
      this.#addNeighbours(input.sources, input.hidden);
      this.#addPopular(index, input.hidden, input.popularCandidates ?? POPULAR_CANDIDATES);
      known = this.#count;
      if (input.newItems) content = this.#addNew(input.newItems, index, input.hidden);
    } finally {
      this.#clearMarks(unwanted);
    }
    const shares = [
      spread(this.#rules, known, weights.sequentialRules),
      spread(this.#transitions, known, weights.coVisitation),
      spread(this.#popularity, known, weights.decayedPopularity),
      content,
    ] as const;
    this.#raise(known, shares);
    this.#blend(shares);
    return this.#list(k, shares, index);
  }

  #addNeighbours(sources: StreamInput["sources"], hidden: HiddenSlots): void {
    const marks = this.#marks;
    const rules = this.#rules;
    const transitions = this.#transitions;
    let ageWeight = 1;
    for (const list of sources) {
      if (list) {
        const { slots, ruleShares, transitionShares } = list;
        for (let place = 0; place < slots.length; place++) {
          const slot = slots[place] as number;
          let row = marks[slot] as number;
          if (row === UNWANTED) continue;
          if (row === FREE) {
            if (this.#count === MAX_NEIGHBOURS || hidden.has(slot)) continue;
            row = this.#add(slot);
          }
          rules[row] = (rules[row] as number) + ageWeight * (ruleShares[place] as number);
          transitions[row] = (transitions[row] as number) + ageWeight * (transitionShares[place] as number);
        }
      }
      ageWeight *= AGE_FACTOR;
    }
  }

  /** Looks up how popular the neighbours are, then adds the most popular items. */
  #addPopular(index: PopularityIndex, hidden: HiddenSlots, limit: number): void {
    const popularity = this.#popularity;
    for (let row = 0; row < this.#count; row++) {
      const rank = index.rankOf(this.#slots[row] as number);
      popularity[row] = rank < 0 ? 0 : index.scoreAt(rank);
    }
    let left = limit;
    for (let rank = 0; rank < index.size && left > 0; rank++) {
      const slot = index.slotAt(rank);
      const mark = this.#marks[slot] as number;
      if (mark === UNWANTED || (mark === FREE && hidden.has(slot))) continue;
      left--;
      if (mark === FREE) popularity[this.#add(slot)] = index.scoreAt(rank);
    }
  }

  /** They come last, so that others are spread as without them. Their content is spread over them and 0. */
  #addNew({ count, slots, values }: NewItemScores, index: PopularityIndex, hidden: HiddenSlots): Spread {
    let most = 0;
    for (let place = 0; place < count; place++) {
      const slot = slots[place] as number;
      let row = this.#marks[slot] as number;
      if (row === UNWANTED || (row === FREE && hidden.has(slot))) continue;
      if (row === FREE) {
        row = this.#add(slot);
        const rank = index.rankOf(slot);
        this.#popularity[row] = rank < 0 ? 0 : index.scoreAt(rank);
      }
      const value = values[place] as number;
      this.#content[row] = value;
      if (value > most) most = value;
    }
    return { least: 0, factor: most > 0 ? NEW_ITEM_WEIGHT / most : 0 };
  }

  /** To the least of the others: a source that says nothing of a new item takes nothing from it. */
  #raise(known: number, [rules, transitions, popularity]: Spreads): void {
    for (let row = known; row < this.#count; row++) {
      this.#rules[row] = Math.max(rules.least, this.#rules[row] as number);
      this.#transitions[row] = Math.max(transitions.least, this.#transitions[row] as number);
      this.#popularity[row] = Math.max(popularity.least, this.#popularity[row] as number);
    }
  }

  #add(slot: number): number {
    const row = this.#count++;
    this.#slots[row] = slot;
    this.#rules[row] = 0;
    this.#transitions[row] = 0;
    this.#content[row] = 0;
    this.#marks[slot] = row;
    return row;
  }

  #clearMarks(unwanted: SlotList): void {
    for (const slot of unwanted) if (slot >= 0) this.#marks[slot] = FREE;
    for (let row = 0; row < this.#count; row++) this.#marks[this.#slots[row] as number] = FREE;
  }

  #blend([rules, transitions, popularity, content]: Spreads): void {
    for (let row = 0; row < this.#count; row++) {
      this.#scores[row] =
        rules.factor * ((this.#rules[row] as number) - rules.least) +
        transitions.factor * ((this.#transitions[row] as number) - transitions.least) +
        popularity.factor * ((this.#popularity[row] as number) - popularity.least) +
        content.factor * (this.#content[row] as number);
    }
  }

  #list(k: number, [rules, transitions, popularity, content]: Spreads, index: PopularityIndex): RankedList {
    const scores = this.#scores;
    const popular = this.#popularity;
    const best = bestRows(this.#rows.subarray(0, this.#count), k, scores, (row, other) => {
      const difference =
        (scores[row] as number) - (scores[other] as number) ||
        (popular[row] as number) - (popular[other] as number);
      return difference === 0 ? row < other : difference > 0;
    });
    const sourceScores = new Float64Array(best.length * SOURCES.length);
    let at = 0;
    for (const row of best) {
      sourceScores[at++] = rules.factor * ((this.#rules[row] as number) - rules.least);
      sourceScores[at++] = transitions.factor * ((this.#transitions[row] as number) - transitions.least);
      sourceScores[at++] = popularity.factor * ((this.#popularity[row] as number) - popularity.least);
      sourceScores[at++] = content.factor * (this.#content[row] as number);
    }
    return {
      itemIds: best.map((row) => index.table.nameOf(this.#slots[row] as number)),
      scores: Float64Array.from(best, (row) => scores[row] as number),
      sources: SOURCES,
      sourceScores,
    };
  }
}

/** Min-max normalisation and weight in one: share = factor * (value - least). */
interface Spread {
  readonly least: number;
  readonly factor: number;
}

type Spreads = readonly [Spread, Spread, Spread, Spread];
const NOTHING: Spread = { least: 0, factor: 0 };

/** Values that are all equal tell candidates apart in nothing and give 0. */
function spread(values: Float64Array, count: number, weight: number): Spread {
  if (count === 0) return NOTHING;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < count; row++) {
    const value = values[row] as number;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { least, factor: most > least ? weight / (most - least) : 0 };
}
