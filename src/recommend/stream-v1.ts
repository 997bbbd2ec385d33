/**
 * The built-in streaming policy `stream-v1`: what users did next, blended with what is popular now.
 *
 * score = .7 sequential rules + .2 co-visitation + .1 decayed popularity, each min-max normalised over the candidates.
 * New items are scored by content besides. They change nothing in the scores of others.
 */

import { BlendScratch, blendColumns, columnOf } from "./blend-columns.ts";
import type { HiddenSlots } from "./hidden-items.ts";
import type { NeighbourList } from "./neighbour-list.ts";
import { raiseRows } from "./new-item-column.ts";
import { MAX_NEW_CANDIDATES, NEW_ITEM_WEIGHT, type NewItemScores } from "./new-item-scores.ts";
import type { PopularityIndex } from "./popularity-index.ts";
import type { RankedList } from "./ranked-list.ts";
import { captureBlend } from "./slates/capture.ts";

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
  /** Whether the list keeps its candidates. */
  readonly isStored?: boolean;
}

const FREE = -1;
const UNWANTED = -2;

/** Working memory of one realm's answers, one at a time: nothing is allocated that grows with the catalogue. */
export class StreamScratch {
  readonly #slots = new Int32Array(MAX_CANDIDATES);
  readonly #rules = new Float64Array(MAX_CANDIDATES);
  readonly #transitions = new Float64Array(MAX_CANDIDATES);
  readonly #popularity = new Float64Array(MAX_CANDIDATES);
  readonly #content = new Float64Array(MAX_CANDIDATES);
  readonly #blend = new BlendScratch(MAX_CANDIDATES);
  #count = 0;
  /** By slot: the row of the candidate, `FREE` or `UNWANTED`. */
  #marks = new Int32Array(0);

  /** The best `k` candidates; equal scores in order of popularity, then of insertion. */
  rank(input: StreamInput, weights = STREAM_WEIGHTS): RankedList {
    const { index, unwanted } = input;
    const slots = index.table.size;
    if (this.#marks.length < slots) this.#marks = new Int32Array(slots * 2).fill(FREE);
    this.#count = 0;
    let known = 0;
    try {
      for (const slot of unwanted) if (slot >= 0) this.#marks[slot] = UNWANTED;
      this.#addNeighbours(input.sources, input.hidden);
      this.#addPopular(index, input.hidden, input.popularCandidates ?? POPULAR_CANDIDATES);
      known = this.#count;
      if (input.newItems) this.#addNew(input.newItems, index, input.hidden);
    } finally {
      this.#clearMarks(unwanted);
    }
    return this.#list(input, weights, known);
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

  /** They come last, so that others are spread as without them. */
  #addNew({ count, slots, values }: NewItemScores, index: PopularityIndex, hidden: HiddenSlots): void {
    for (let place = 0; place < count; place++) {
      const slot = slots[place] as number;
      let row = this.#marks[slot] as number;
      if (row === UNWANTED || (row === FREE && hidden.has(slot))) continue;
      if (row === FREE) {
        row = this.#add(slot);
        const rank = index.rankOf(slot);
        this.#popularity[row] = rank < 0 ? 0 : index.scoreAt(rank);
      }
      this.#content[row] = values[place] as number;
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

  #list(
    { index, k, newItems, isStored = false }: StreamInput,
    weights: BlendWeights,
    known: number,
  ): RankedList {
    const places = this.#blend.rows.subarray(0, this.#count);
    const others = places.subarray(0, known);
    const columns = [
      columnOf("sequential_rules", weights.sequentialRules, this.#rules, others),
      columnOf("co_visitation", weights.coVisitation, this.#transitions, others),
      columnOf("decayed_popularity", weights.decayedPopularity, this.#popularity, others),
    ];
    raiseRows(columns, known, this.#count);
    if (newItems && newItems.count > 0)
      columns.splice(-1, 0, columnOf("content", NEW_ITEM_WEIGHT, this.#content, places));
    const nameOf = (row: number) => index.table.nameOf(this.#slots[row] as number);
    const list = blendColumns({ places, columns, k, nameOf }, this.#blend);
    if (!isStored) return list;
    const slots = this.#slots.subarray(0, this.#count);
    return { ...list, candidates: captureBlend(index.table, slots, columns, k, places) };
  }
}
