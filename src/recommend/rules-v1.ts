/** The built-in baseline policy `rules-v1`, from what is in memory to a list. */

import type { Candidates } from "./candidates.ts";
import type { PopularityIndex } from "./popularity-index.ts";
import { rank } from "./ranking.ts";
import type { RecoItem, RecoSource } from "./recommender.ts";
import type { RelatedList } from "./related-list.ts";
import type { RetrievalScratch } from "./retrieval.ts";

export interface RulesInput {
  readonly index: PopularityIndex;
  /** Related lists of the newest history items, newest first; null where a list is not known. */
  readonly sources: readonly (RelatedList | null)[];
  /** Ids that must not be in the list: the history and what the caller excludes. */
  readonly unwanted: Iterable<string>;
  readonly k: number;
}

export interface RulesOutput {
  readonly items: readonly RecoItem[];
  readonly rankingMs: number;
}

/** How many candidates retrieval keeps for an answer of `k` items. */
export const retrievalLimit = (k: number) => Math.max(20 * k, 200);

/** GET /reco. Equal inputs give equal lists. `nowMs` is a monotonic clock. */
export function rulesV1(input: RulesInput, scratch: RetrievalScratch, nowMs: () => number): RulesOutput {
  const candidates = scratch.retrieve({ ...input, limit: retrievalLimit(input.k) });
  const retrievedMs = nowMs();
  const items = rank(candidates, input.k).map((row) => toItem(row, candidates, input.index));
  return { items, rankingMs: nowMs() - retrievedMs };
}

function toItem(row: number, candidates: Candidates, index: PopularityIndex): RecoItem {
  const coVisitation = candidates.coVisitation[row] as number;
  const popularity = candidates.popularity[row] as number;
  const sources: RecoSource[] = [];
  if (coVisitation > 0) sources.push({ name: "co_visitation", score: coVisitation });
  if (popularity > 0) sources.push({ name: "popularity", score: popularity });
  return {
    itemId: index.table.nameOf(candidates.slots[row] as number),
    score: candidates.score[row] as number,
    sources,
  };
}
