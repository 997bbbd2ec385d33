/**
 * Orders candidates by what their sources gave them: serving does it with its working memory, a replay with what a slate
 * was stored with, and both get the same numbers bit by bit.
 *
 * score = sum over columns of weight * (value - least) / (most - least).
 */

import { bestRows } from "./bounded-select.ts";
import type { ItemNumbers, RankedList, SourceName } from "./ranked-list.ts";

export type ColumnValues = Float32Array | Float64Array;

/** What one source gave to the candidates of an answer. */
export interface Column {
  readonly name: SourceName;
  readonly weight: number;
  readonly values: ColumnValues;
  /** Of the candidates. */
  readonly least: number;
  readonly most: number;
}

export interface BlendInput {
  /** Where each candidate stands in the columns; candidates are in order of insertion. */
  readonly places: Int32Array;
  /** The last one is popularity, which decides between equal scores. */
  readonly columns: readonly Column[];
  readonly k: number;
  readonly nameOf: (row: number) => string;
  /** Of the candidates, where they have numbers. */
  readonly numbers?: ItemNumbers;
}

/** Room for `candidates` rows. */
export class BlendScratch {
  readonly rows: Int32Array;
  readonly scores: Float64Array;

  constructor(candidates: number) {
    this.rows = Int32Array.from({ length: candidates }, (_, row) => row);
    this.scores = new Float64Array(candidates);
  }
}

/** The best `k` candidates; equal scores in order of popularity, then of insertion. */
export function blendColumns(
  { places, columns, k, nameOf, numbers }: BlendInput,
  scratch: BlendScratch,
): RankedList {
  const { scores } = scratch;
  const popular = (columns.at(-1) as Column).values;
  scores.fill(0, 0, places.length);
  for (const column of columns) addShares(scores, places, column);
  const best = bestRows(scratch.rows.subarray(0, places.length), k, scores, (row, other) => {
    const difference =
      (scores[row] as number) - (scores[other] as number) ||
      (popular[places[row] as number] as number) - (popular[places[other] as number] as number);
    return difference === 0 ? row < other : difference > 0;
  });
  const sourceScores = new Float64Array(best.length * columns.length);
  let at = 0;
  for (const row of best) {
    for (const column of columns) sourceScores[at++] = shareOf(column, places[row] as number);
  }
  return {
    itemIds: best.map(nameOf),
    scores: Float64Array.from(best, (row) => scores[row] as number),
    sources: columns.map(({ name }) => name),
    sourceScores,
    ...(numbers && { numbers: numbersOf(numbers, best) }),
  };
}

const numbersOf = ({ table, slots }: ItemNumbers, rows: ArrayLike<number>): ItemNumbers => ({
  table,
  slots: Int32Array.from(rows, (row) => slots[row] as number),
});

export function columnOf(name: SourceName, weight: number, values: ColumnValues, places: Int32Array): Column {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < places.length; row++) {
    const value = values[places[row] as number] as number;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { name, weight, values, least, most };
}

/** Weight and normalisation in one; values that are all equal tell candidates apart in nothing and give 0. */
const factorOf = ({ weight, least, most }: Column) => (most > least ? weight / (most - least) : 0);

/** 0 of a column without weight or spread: among new items alone its least is no number to reckon with. */
export function shareOf(column: Column, place: number): number {
  const factor = factorOf(column);
  return factor === 0 ? 0 : factor * ((column.values[place] as number) - column.least);
}

function addShares(scores: Float64Array, places: Int32Array, column: Column): void {
  const { values, least } = column;
  const factor = factorOf(column);
  if (factor === 0) return;
  for (let row = 0; row < places.length; row++) {
    scores[row] = (scores[row] as number) + factor * ((values[places[row] as number] as number) - least);
  }
}
