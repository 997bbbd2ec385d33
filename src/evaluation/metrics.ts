/** What is measured: one number a question, so that a metric is the mean over the questions. */

import { ndcg } from "../models/ndcg.ts";

/** Places of a list that people look at. */
export const DEPTHS = [10, 20] as const;

/** Items of a list that count for coverage and novelty. */
export const SHOWN = 20;

/** Whether the answer is among the first `depth`. */
export const hit = (rank: number, depth: number) => (rank <= depth ? 1 : 0);

export const reciprocalRank = (rank: number, depth: number) => (rank <= depth ? 1 / rank : 0);

/** Metrics that follow from the rank alone. */
export const RANK_METRICS: readonly { readonly name: string; readonly of: (rank: number) => number }[] =
  DEPTHS.flatMap((depth) => [
    { name: `hr@${depth}`, of: (rank) => hit(rank, depth) },
    { name: `ndcg@${depth}`, of: (rank) => ndcg(rank, depth) },
    { name: `mrr@${depth}`, of: (rank) => reciprocalRank(rank, depth) },
  ]);

/** Share of the items known at the cut that stand in any list. */
export const COVERAGE = `coverage@${SHOWN}`;

/** Mean surprise of a list's items in bits: -log2 of the share of training users who had the item. */
export const NOVELTY = `novelty@${SHOWN}`;
