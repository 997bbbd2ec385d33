import { describe, expect, test } from "bun:test";
import { hit, RANK_METRICS, reciprocalRank } from "../../../src/evaluation/metrics.ts";
import { ndcg } from "../../../src/models/ndcg.ts";

describe("metrics by hand", () => {
  test.each([
    [1, 1, 1, 1],
    [1.5, 1, 0.756471, 2 / 3],
    [3, 1, 0.5, 1 / 3],
    [10, 1, 0.289065, 0.1],
    [10.5, 0, 0, 0],
    [Number.POSITIVE_INFINITY, 0, 0, 0],
  ])("rank %p of at most 10", (rank, hr, gain, reciprocal) => {
    expect(hit(rank, 10)).toBe(hr);
    expect(ndcg(rank, 10)).toBeCloseTo(gain, 6);
    expect(reciprocalRank(rank, 10)).toBeCloseTo(reciprocal, 12);
  });

  test("rank 15 counts among 20 and not among 10", () => {
    const values = Object.fromEntries(RANK_METRICS.map(({ name, of }) => [name, of(15)]));
    expect(values).toEqual({
      "hr@10": 0,
      "ndcg@10": 0,
      "mrr@10": 0,
      "hr@20": 1,
      "ndcg@20": 0.25,
      "mrr@20": 1 / 15,
    });
  });
});
