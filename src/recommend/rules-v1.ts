/** The built-in baseline policy `rules-v1`, from what is in memory to a list. */

import type { Candidates } from "./candidates.ts";
import type { HiddenSlots } from "./hidden-items.ts";
import type { PopularityIndex } from "./popularity-index.ts";
import type { RankedList, SourceName } from "./ranked-list.ts";
import { type RankingWeights, rank } from "./ranking.ts";
import type { RelatedList } from "./related-list.ts";
import type { RetrievalScratch } from "./retrieval.ts";
import { captureRules } from "./slates/capture.ts";

export interface RulesInput {
  readonly index: PopularityIndex;
  /** Related lists of the newest history items, newest first; null where a list is not known. */
  readonly sources: readonly (RelatedList | null)[];
  /** Ids that must not be in the list: the history and what the caller excludes. */
  readonly unwanted: Iterable<string>;
  /** Of the index's table: in no answer. */
  readonly hidden: HiddenSlots;
  readonly k: number;
  /** Candidates that retrieval keeps; by default as many as an answer of `k` items takes. */
  readonly limit?: number;
  /** Whether the list keeps its candidates. */
  readonly isStored?: boolean;
}

export interface RulesOutput {
  readonly list: RankedList;
  readonly rankingMs: number;
}

const SOURCES: readonly SourceName[] = ["co_visitation", "popularity"];

/** How many candidates retrieval keeps for an answer of `k` items. */
export const retrievalLimit = (k: number) => Math.max(20 * k, 200);

/** GET /reco. Equal inputs give equal lists. `nowMs` is a monotonic clock. */
export function rulesV1(input: RulesInput, scratch: RetrievalScratch, nowMs: () => number): RulesOutput {
  const candidates = scratch.retrieve({ ...input, limit: input.limit ?? retrievalLimit(input.k) });
  const retrievedMs = nowMs();
  const list = listOf(candidates, input.k, (row) =>
    input.index.table.nameOf(candidates.slots[row] as number),
  );
  const rankingMs = nowMs() - retrievedMs;
  if (!input.isStored) return { list, rankingMs };
  return { list: { ...list, candidates: captureRules(candidates, input.index.table, input.k) }, rankingMs };
}

/** Ranks what retrieval left. */
export function listOf(
  candidates: Candidates,
  k: number,
  nameOf: (row: number) => string,
  weights?: RankingWeights,
): RankedList {
  const { score, coVisitation, popularity } = candidates;
  const rows = rank(candidates, k, weights);
  const sourceScores = new Float64Array(rows.length * SOURCES.length);
  for (const [place, row] of rows.entries()) {
    sourceScores[SOURCES.length * place] = coVisitation[row] as number;
    sourceScores[SOURCES.length * place + 1] = popularity[row] as number;
  }
  return {
    itemIds: rows.map(nameOf),
    scores: Float64Array.from(rows, (row) => score[row] as number),
    sources: SOURCES,
    sourceScores,
  };
}
