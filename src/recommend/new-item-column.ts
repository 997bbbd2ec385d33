/** Takes new items into the columns of an answer, so that a replay finds in the columns alone how they were spread. */

import type { Column } from "./blend-columns.ts";
import type { CandidateSet } from "./candidate-set.ts";
import type { NewItemScores } from "./new-item-scores.ts";

/** Makes those that the run does not know candidates, and notes in `values`, by slot, what each got; the most of it. */
export function addNewCandidates(
  { count, slots, values: given }: NewItemScores,
  numbers: Int32Array,
  candidates: CandidateSet,
  values: Float32Array,
): number {
  let most = 0;
  candidates.widen(count);
  for (let place = 0; place < count; place++) {
    const slot = slots[place] as number;
    if ((numbers[slot] ?? -1) >= 0 || candidates.isUnwanted(slot)) continue;
    const value = given[place] as number;
    values[slot] = value;
    if (value > most) most = value;
    candidates.add(slot);
  }
  return most;
}

/**
 * Lifts what columns say of rows `known` to `count` to the least that they say of others: a source that says nothing of a
 * new item takes nothing from it, and others are spread as without it.
 */
export function raiseRows(columns: readonly Column[], known: number, count: number): void {
  for (const { values, least } of columns) {
    if (!Number.isFinite(least)) continue;
    for (let row = known; row < count; row++) values[row] = Math.max(least, values[row] as number);
  }
}

/** Writes what new items got over what the run's content says of the same rows, on its scale. */
export function mixRows(
  rows: Float32Array,
  { least, most }: Column,
  found: Float32Array,
  mostFound: number,
): void {
  const from = Number.isFinite(least) ? least : 0;
  const span = most > least ? most - least : 1;
  for (let row = 0; row < found.length; row++) {
    const value = found[row] as number;
    if (value > 0) rows[row] = Math.min(from + span, from + (span * value) / mostFound);
  }
}
