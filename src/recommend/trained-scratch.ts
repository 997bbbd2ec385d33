/**
 * Ranks by a trained model: candidates from every source, the scores of each spread over the candidates, and their sum.
 *
 * score = sum over sources of weight * (score - least) / (most - least).
 */

import { bestRows } from "./bounded-select.ts";
import { CandidateSet } from "./candidate-set.ts";
import { addNewItems } from "./new-item-column.ts";
import { MAX_NEW_CANDIDATES, type NewItemScores } from "./new-item-scores.ts";
import { PopularityScores } from "./popularity-scores.ts";
import type { RankedList, SourceName } from "./ranked-list.ts";
import { SlotScores } from "./slot-scores.ts";
import { itemListSource } from "./sources/item-list-source.ts";
import { coVisitation, sequentialRules } from "./sources/neighbour-sources.ts";
import { sessionKnnSource } from "./sources/session-knn-source.ts";
import type { Source } from "./sources/source.ts";
import { WIDE_POPULAR_CANDIDATES } from "./stream-v1.ts";
import type { TrainedInput } from "./trained-input.ts";
import type { BlendWeights } from "./trained-model.ts";

/** Best items of each source that are candidates. */
const CANDIDATES_PER_SOURCE = 200;
/** Of all sources but popularity together. */
const MAX_SCORED = 800;
/** Room for those that popularity adds when filters leave too few, and for new items. */
export const MOST_CANDIDATES = MAX_SCORED + WIDE_POPULAR_CANDIDATES + MAX_NEW_CANDIDATES;

/** In the order in which their candidates come; some have working memory of their own. */
const createSources = (): readonly Source[] => [
  sequentialRules,
  itemListSource("ease"),
  itemListSource("item_knn"),
  itemListSource("content"),
  coVisitation,
  sessionKnnSource(),
];
const POPULARITY: SourceName = "decayed_popularity";
const CONTENT: SourceName = "content";

/** What one source gave to the candidates of an answer. */
export interface Column {
  readonly name: SourceName;
  readonly weight: number;
  /** By slot. */
  readonly values: Float32Array;
  /** Aligned with the candidates: the same values close together. */
  readonly rows: Float32Array;
  /** Of the candidates, but for new items. */
  readonly least: number;
  readonly most: number;
}

/** Working memory of one realm's answers, one at a time: nothing is allocated that grows with the catalogue. */
export class TrainedScratch {
  readonly #sources = createSources().map((source) => ({
    source,
    scores: new SlotScores(),
    rows: new Float32Array(MOST_CANDIDATES),
  }));
  readonly #popularRows = new Float32Array(MOST_CANDIDATES);
  readonly #popularity = new PopularityScores();
  readonly #candidates = new CandidateSet(MOST_CANDIDATES);
  readonly #scores = new Float64Array(MOST_CANDIDATES);
  readonly #rows = Int32Array.from({ length: MOST_CANDIDATES }, (_, row) => row);

  /** The best `k` candidates; equal scores in order of popularity, then of insertion. */
  rank(input: TrainedInput, weights: BlendWeights = input.placed.model.weights): RankedList {
    return this.withColumns(input, weights, (slots, columns) => this.#list(input, slots, columns));
  }

  /** Shows `use` the candidates and what each source gave them, which is valid until it returns. */
  withColumns<T>(
    input: TrainedInput,
    weights: BlendWeights,
    use: (slots: Int32Array, columns: readonly Column[]) => T,
  ): T {
    const { index, unwanted, hidden, popularCandidates = CANDIDATES_PER_SOURCE } = input;
    const size = index.table.size;
    const candidates = this.#candidates;
    const used = this.#sources.filter(({ source }) => (weights[source.name] ?? 0) > 0);
    this.#popularity.follow(index);
    candidates.begin(size, unwanted, hidden, MAX_SCORED);
    try {
      for (const { source, scores } of used) {
        scores.reserve(size);
        source.score(input, scores);
        scores.addBest(candidates, CANDIDATES_PER_SOURCE);
      }
      candidates.widen(popularCandidates);
      this.#popularity.addBest(index, candidates, popularCandidates);
      const known = candidates.slots.subarray(0, candidates.count);
      const columns = used.map(({ source: { name }, scores: { values }, rows }) =>
        columnOf(name, weights[name] ?? 0, values, rows, known),
      );
      const popularity = this.#popularity.values;
      columns.push(columnOf(POPULARITY, weights[POPULARITY] ?? 0, popularity, this.#popularRows, known));
      if (input.newItems) this.#addNew(input, input.newItems, columns);
      return use(candidates.slots.subarray(0, candidates.count), columns);
    } finally {
      candidates.end();
      for (const { scores } of this.#sources) scores.clear();
    }
  }

  /** They come last, so that others are spread as without them. */
  #addNew({ placed, index }: TrainedInput, newItems: NewItemScores, columns: Column[]): void {
    const own = this.#sources.find(({ source }) => source.name === CONTENT);
    if (own === undefined) return;
    own.scores.reserve(index.table.size);
    const candidates = this.#candidates;
    const known = candidates.count;
    const place = columns.findIndex(({ name }) => name === CONTENT);
    const column = addNewItems(newItems, placed.numbers, candidates, columns[place] ?? null, own);
    if (column === null) return;
    columns.splice(place < 0 ? columns.length : place, 1, column);
    for (const each of columns) {
      // Some of the others may be new items, too.
      const from = each === column ? 0 : known;
      for (let row = from; row < candidates.count; row++) {
        each.rows[row] = each.values[candidates.slots[row] as number] as number;
      }
    }
  }

  #list({ index, k }: TrainedInput, slots: Int32Array, columns: readonly Column[]): RankedList {
    const scores = this.#scores;
    const popular = this.#popularity.values;
    scores.fill(0, 0, slots.length);
    for (const column of columns) addShares(scores, slots.length, column);
    const best = bestRows(this.#rows.subarray(0, slots.length), k, scores, (row, other) => {
      const difference =
        (scores[row] as number) - (scores[other] as number) ||
        (popular[slots[row] as number] as number) - (popular[slots[other] as number] as number);
      return difference === 0 ? row < other : difference > 0;
    });
    const sourceScores = new Float64Array(best.length * columns.length);
    let at = 0;
    for (const row of best) {
      for (const column of columns) sourceScores[at++] = shareOf(column, slots[row] as number);
    }
    return {
      itemIds: best.map((row) => index.table.nameOf(slots[row] as number)),
      scores: Float64Array.from(best, (row) => scores[row] as number),
      sources: columns.map(({ name }) => name),
      sourceScores,
    };
  }
}

function columnOf(
  name: SourceName,
  weight: number,
  values: Float32Array,
  rows: Float32Array,
  slots: Int32Array,
): Column {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < slots.length; row++) {
    const value = values[slots[row] as number] as number;
    rows[row] = value;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { name, weight, values, rows, least, most };
}

/** Weight and normalisation in one; values that are all equal tell candidates apart in nothing and give 0. */
const factorOf = ({ weight, least, most }: Column) => (most > least ? weight / (most - least) : 0);

/** A new item may have less than the least of the others: that takes nothing from it. */
export const shareOf = (column: Column, slot: number) =>
  factorOf(column) * Math.max(0, (column.values[slot] as number) - column.least);

function addShares(scores: Float64Array, count: number, column: Column): void {
  const { rows, least } = column;
  const factor = factorOf(column);
  if (factor === 0) return;
  for (let row = 0; row < count; row++) {
    const above = (rows[row] as number) - least;
    if (above > 0) scores[row] = (scores[row] as number) + factor * above;
  }
}
