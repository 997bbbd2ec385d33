/** What is answered beside an item when nothing could be computed: the ladder of the catalogue routes. */

import type { Deadline } from "../../core/deadline.ts";
import type { AnswerCache } from "./answer-cache.ts";
import { listHits, type NumberedModel, sumScaled } from "./hits.ts";
import type { PopularItems } from "./popular-items.ts";
import type { Degraded, FallbackCause, FallbackSource } from "./request.ts";

const BEST_SCORE = 0.05;
const SCORE_STEP = 0.005;

export interface LadderInput {
  readonly itemId: string;
  readonly limit: number;
  readonly cause: FallbackCause;
  /** Of the last good answer. */
  readonly key: string;
  readonly answers: AnswerCache;
  readonly trained: NumberedModel | null;
  readonly popular: PopularItems;
  readonly mayShow: (itemId: string) => boolean;
  readonly deadline: Deadline;
}

export interface Fallback {
  readonly itemIds: readonly string[];
  readonly degraded: Degraded;
  /** Of each item. */
  readonly reason: string;
}

/** 0.05 for the first item, 0.005 less for each after it, never below 0. */
export const fallbackScore = (place: number): number =>
  Math.max(0, Math.round((BEST_SCORE - SCORE_STEP * place) * 1_000) / 1_000);

/** The last good answer; what the run that serves learned of the item; what is popular; nothing. */
export async function fallBack(input: LadderInput): Promise<Fallback> {
  const { itemId, limit, cause, key, answers, trained, popular, mayShow, deadline } = input;
  const rungs: readonly [FallbackSource, () => Promise<readonly string[]> | readonly string[]][] = [
    ["redis", async () => (await answers.findLastGood(key, deadline))?.map((item) => item.itemId) ?? []],
    ["precomputed", () => (trained ? learnedBeside(trained, itemId) : [])],
    ["popular", () => popular.known()],
  ];
  let isKnown = false;
  for (const [source, list] of rungs) {
    const listed = await list();
    const itemIds = listed.filter((each) => each !== itemId && mayShow(each)).slice(0, limit);
    if (itemIds.length > 0) return { itemIds, degraded: `${cause}:${source}`, reason: `fallback:${source}` };
    isKnown ||= listed.length > 0;
  }
  return { itemIds: [], degraded: `${cause}:${isKnown ? "empty" : "no_fallback"}`, reason: "" };
}

/** The item's lists in the run, which are in memory whatever the store does; best first. */
function learnedBeside(trained: NumberedModel, itemId: string): readonly string[] {
  const lists = (["ease", "item_knn", "content"] as const).map((source) => listHits(trained, source, itemId));
  return Array.from(sumScaled(lists))
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([each]) => each);
}
