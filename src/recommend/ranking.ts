/** Ranking of policy `rules-v1`: three weighted features, with every tie decided. */

import { bestRows } from "./bounded-select.ts";
import type { Candidates } from "./candidates.ts";

export interface RankingWeights {
  readonly coVisLast: number;
  readonly popularityScore: number;
  /** Subtracted when the item was seen. */
  readonly seenRecent: number;
}

export const BASELINE_WEIGHTS: RankingWeights = { coVisLast: 1.5, popularityScore: 1, seenRecent: 1.5 };

/**
 * The best `k` candidate rows by (score, popularity, co-visitation with the newest item); equal triples keep
 * retrieval order, that is retrieval score, then order of insertion. `k <= 0` gives none. Fills column `score`.
 */
export function rank(candidates: Candidates, k: number, weights = BASELINE_WEIGHTS): number[] {
  const { coVisLast, popularity, seenRecent, retrievalScore, score, rows, rowCount } = candidates;
  for (let place = 0; place < rowCount; place++) {
    const row = rows[place] as number;
    score[row] =
      weights.coVisLast * (coVisLast[row] as number) +
      weights.popularityScore * (popularity[row] as number) -
      weights.seenRecent * (seenRecent[row] as number);
  }
  const isBetter = (row: number, other: number) => {
    const difference =
      (score[row] as number) - (score[other] as number) ||
      (popularity[row] as number) - (popularity[other] as number) ||
      (coVisLast[row] as number) - (coVisLast[other] as number) ||
      (retrievalScore[row] as number) - (retrievalScore[other] as number);
    return difference === 0 ? row < other : difference > 0;
  };
  return bestRows(rows.subarray(0, rowCount), Math.max(0, k), score, isBetter);
}
