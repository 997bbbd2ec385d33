/** Candidate retrieval of policy `rules-v1`: co-visitation of the last five items, then popularity. */

import { nthLargest } from "./bounded-select.ts";
import { Candidates } from "./candidates.ts";
import type { HiddenSlots } from "./hidden-items.ts";
import type { PopularityIndex } from "./popularity-index.ts";
import { RELATED_LIMIT, type RelatedList } from "./related-list.ts";

/** History items, newest first, whose related lists are read. */
export const SOURCE_DEPTH = 5;
const POPULARITY_FACTOR = 0.1;
const POPULARITY_LIST_MIN = 500;

export interface RetrievalInput {
  /** Current popularity; its table numbers the related lists too. */
  readonly index: PopularityIndex;
  /** Related lists of the newest history items, newest first; null where a list is not known. */
  readonly sources: readonly (RelatedList | null)[];
  /** Ids that must not be candidates: the history and what the caller excludes. */
  readonly unwanted: Iterable<string>;
  /** Of the index's table: in no answer. */
  readonly hidden: HiddenSlots;
  readonly limit: number;
}

const FREE = -1;
const UNWANTED = -2;

/** Working memory of one realm's retrievals, one at a time: nothing is allocated that grows with the catalogue. */
export class RetrievalScratch {
  readonly candidates = new Candidates();
  /** By slot: the row of the candidate, `FREE` or `UNWANTED`. */
  #marks = new Int32Array(0);
  #values = new Float64Array(0);

  /** Answers the candidates in order of first insertion; they are valid until the next call. */
  retrieve(input: RetrievalInput): Candidates {
    const capacity = input.sources.length * RELATED_LIMIT + input.limit;
    this.candidates.reset(capacity);
    if (this.#values.length < capacity) this.#values = new Float64Array(capacity);
    const slots = input.index.table.size;
    if (this.#marks.length < slots) this.#marks = new Int32Array(slots * 2).fill(FREE);
    let related = 0;
    const unwanted = knownSlots(input);
    try {
      for (const slot of unwanted) this.#marks[slot] = UNWANTED;
      this.#addRelated(input.sources, input.hidden);
      related = this.candidates.count;
      this.#addPopular(input);
    } finally {
      this.#clearMarks(unwanted, related);
    }
    this.#cut(input.limit);
    return this.candidates;
  }

  #addRelated(sources: RetrievalInput["sources"], hidden: HiddenSlots): void {
    const { candidates } = this;
    const marks = this.#marks;
    const { coVisitation, coVisLast } = candidates;
    for (let depth = 0; depth < sources.length; depth++) {
      const list = sources[depth];
      if (!list) continue;
      const weight = 1 / (depth + 1);
      const { slots, counts } = list;
      for (let place = 0; place < slots.length; place++) {
        const slot = slots[place] as number;
        let row = marks[slot] as number;
        if (row === UNWANTED) continue;
        if (row === FREE) {
          if (hidden.has(slot)) continue;
          row = candidates.add(slot, 0, 0);
          marks[slot] = row;
        }
        const count = counts[place] as number;
        coVisitation[row] = (coVisitation[row] as number) + count * weight;
        if (depth === 0) coVisLast[row] = count;
      }
    }
  }

  /** Scores the related rows that are popular, then adds the popular rest: of that, `limit` rows can matter. */
  #addPopular({ index, limit, hidden }: RetrievalInput): void {
    const { candidates } = this;
    const marks = this.#marks;
    const { slots, coVisitation, popularity, retrievalScore } = candidates;
    const related = candidates.count;
    const listSize = Math.min(index.size, Math.max(5 * limit, POPULARITY_LIST_MIN));
    for (let row = 0; row < related; row++) {
      const rank = index.rankOf(slots[row] as number);
      const score = rank < 0 ? 0 : index.scoreAt(rank);
      popularity[row] = score;
      const listed = rank >= 0 && rank < listSize;
      retrievalScore[row] = (coVisitation[row] as number) + (listed ? POPULARITY_FACTOR * score : 0);
    }
    for (let rank = 0; rank < listSize && candidates.count < related + limit; rank++) {
      const slot = index.slotAt(rank);
      if (marks[slot] !== FREE || hidden.has(slot)) continue;
      const score = index.scoreAt(rank);
      candidates.add(slot, score, POPULARITY_FACTOR * score);
    }
  }

  #clearMarks(unwanted: readonly number[], related: number): void {
    const marks = this.#marks;
    const { slots } = this.candidates;
    for (const slot of unwanted) marks[slot] = FREE;
    for (let row = 0; row < related; row++) marks[slots[row] as number] = FREE;
  }

  /** Keeps the `limit` best by retrieval score; among equals the first inserted stay. */
  #cut(limit: number): void {
    const { candidates } = this;
    const { count } = candidates;
    let threshold = Number.NEGATIVE_INFINITY;
    if (count > limit) {
      this.#values.set(candidates.retrievalScore.subarray(0, count));
      threshold = nthLargest(this.#values, count, limit);
    }
    candidates.select(Math.min(count, limit), threshold);
  }
}

/** An id that the table has never seen cannot be a candidate either. */
function knownSlots({ unwanted, index }: RetrievalInput): number[] {
  const slots: number[] = [];
  for (const itemId of unwanted) {
    const slot = index.table.slotOf(itemId);
    if (slot >= 0) slots.push(slot);
  }
  return slots;
}
