/**
 * Ranks by a trained model: candidates from every source, the scores of each spread over the candidates, and their sum.
 *
 * score = sum over sources of weight * (score - least) / (most - least).
 */

import { BlendScratch, blendColumns, type Column, type ColumnValues, columnOf } from "./blend-columns.ts";
import { CandidateSet } from "./candidate-set.ts";
import { addNewCandidates, mixRows, raiseRows } from "./new-item-column.ts";
import { MAX_NEW_CANDIDATES, NEW_ITEM_WEIGHT, type NewItemScores } from "./new-item-scores.ts";
import { PopularityScores } from "./popularity-scores.ts";
import type { RankedList, SourceName } from "./ranked-list.ts";
import { captureBlend } from "./slates/capture.ts";
import { SlotScores } from "./slot-scores.ts";
import { givenSource } from "./sources/given-source.ts";
import { ialsSource } from "./sources/ials-source.ts";
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
export const createSources = (): readonly Source[] => [
  sequentialRules,
  itemListSource("ease"),
  ialsSource(),
  itemListSource("item_knn"),
  itemListSource("content"),
  coVisitation,
  sessionKnnSource(),
  givenSource("trending"),
  givenSource("latest"),
];
const POPULARITY: SourceName = "decayed_popularity";
const CONTENT: SourceName = "content";

/** Working memory of one realm's answers, one at a time: nothing is allocated that grows with the catalogue. */
export class TrainedScratch {
  readonly #sources: readonly { readonly source: Source; readonly scores: SlotScores }[];
  readonly #popularity = new PopularityScores();
  readonly #candidates = new CandidateSet(MOST_CANDIDATES);
  readonly #blend = new BlendScratch(MOST_CANDIDATES);
  /** Columns by row, where new items stand in them. */
  readonly #columns: Float32Array[] = [];
  /** By slot: what content gave to new items; 0 between answers. */
  #newValues = new Float32Array(0);

  constructor(sources = createSources()) {
    this.#sources = sources.map((source) => ({ source, scores: new SlotScores() }));
  }

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
      const slots = candidates.slots.subarray(0, candidates.count);
      for (const { source, scores } of used) source.complete?.(input, slots, scores);
      const columns = used.map(({ source: { name }, scores: { values } }) =>
        columnOf(name, weights[name] ?? 0, values, slots),
      );
      columns.push(columnOf(POPULARITY, weights[POPULARITY] ?? 0, this.#popularity.values, slots));
      return use(slots, columns);
    } finally {
      candidates.end();
      for (const { scores } of used) scores.clear();
    }
  }

  #list(input: TrainedInput, slots: Int32Array, columns: readonly Column[]): RankedList {
    const { newItems } = input;
    if (newItems && newItems.count > 0) return this.#listWithNew(input, newItems, slots.length, columns);
    return this.#blended(input, slots, columns, slots);
  }

  /** They come last, and the columns are laid out by row, so that others are spread as without them. */
  #listWithNew(
    input: TrainedInput,
    newItems: NewItemScores,
    known: number,
    columns: readonly Column[],
  ): RankedList {
    const candidates = this.#candidates;
    if (this.#newValues.length < input.index.table.size)
      this.#newValues = new Float32Array(2 * input.index.table.size);
    const found = this.#newValues;
    const most = addNewCandidates(newItems, input.placed.numbers, candidates, found);
    const slots = candidates.slots.subarray(0, candidates.count);
    const places = this.#blend.rows.subarray(0, candidates.count);
    const byRow = columns.map((column, at): Column => {
      return { ...column, values: this.#inRows(at, column.values, slots) };
    });
    raiseRows(byRow, known, slots.length);
    if (most > 0) {
      const fromNew = this.#inRows(columns.length, found, slots);
      for (let place = 0; place < newItems.count; place++) found[newItems.slots[place] as number] = 0;
      const own = byRow.findIndex(({ name }) => name === CONTENT);
      const column = byRow[own];
      if (column) {
        mixRows(column.values as Float32Array, column, fromNew, most);
        byRow[own] = columnOf(CONTENT, column.weight, column.values, places);
      } else byRow.splice(-1, 0, columnOf(CONTENT, NEW_ITEM_WEIGHT, fromNew, places));
    }
    return this.#blended(input, slots, byRow, places);
  }

  #inRows(at: number, values: ColumnValues, slots: Int32Array): Float32Array {
    this.#columns[at] ??= new Float32Array(MOST_CANDIDATES);
    const rows = (this.#columns[at] as Float32Array).subarray(0, slots.length);
    for (let row = 0; row < slots.length; row++) rows[row] = values[slots[row] as number] as number;
    return rows;
  }

  #blended(
    { index, k, isStored = false }: TrainedInput,
    slots: Int32Array,
    columns: readonly Column[],
    places: Int32Array,
  ): RankedList {
    const nameOf = (row: number) => index.table.nameOf(slots[row] as number);
    const { table } = index;
    const list = blendColumns({ places, columns, k, nameOf, numbers: { table, slots } }, this.#blend);
    return isStored ? { ...list, candidates: captureBlend(table, slots, columns, k, places) } : list;
  }
}
