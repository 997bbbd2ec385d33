/**
 * Ranks by a trained model: candidates from every source, the scores of each spread over the candidates, and their sum.
 *
 * score = sum over sources of weight * (score - least) / (most - least).
 */

import { BlendScratch, blendColumns, type Column, columnOf } from "./blend-columns.ts";
import { CandidateSet } from "./candidate-set.ts";
import { PopularityScores } from "./popularity-scores.ts";
import type { RankedList, SourceName } from "./ranked-list.ts";
import { captureBlend } from "./slates/capture.ts";
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
/** Room for those that popularity adds when filters leave too few. */
export const MOST_CANDIDATES = MAX_SCORED + WIDE_POPULAR_CANDIDATES;

/** In the order in which their candidates come; some have working memory of their own. */
export const createSources = (): readonly Source[] => [
  sequentialRules,
  itemListSource("ease"),
  itemListSource("item_knn"),
  itemListSource("content"),
  coVisitation,
  sessionKnnSource(),
];
const POPULARITY: SourceName = "decayed_popularity";

/** Working memory of one realm's answers, one at a time: nothing is allocated that grows with the catalogue. */
export class TrainedScratch {
  readonly #sources: readonly { readonly source: Source; readonly scores: SlotScores }[];
  readonly #popularity = new PopularityScores();
  readonly #candidates = new CandidateSet(MOST_CANDIDATES);
  readonly #blend = new BlendScratch(MOST_CANDIDATES);

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

  #list(
    { index, k, isStored = false }: TrainedInput,
    slots: Int32Array,
    columns: readonly Column[],
  ): RankedList {
    const nameOf = (row: number) => index.table.nameOf(slots[row] as number);
    const list = blendColumns({ places: slots, columns, k, nameOf }, this.#blend);
    return isStored ? { ...list, candidates: captureBlend(index.table, slots, columns, k) } : list;
  }
}
