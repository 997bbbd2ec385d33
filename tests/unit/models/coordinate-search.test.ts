import { describe, expect, test } from "bun:test";
import { type BlendProblem, searchBlend } from "../../../src/models/coordinate-search.ts";

/** Questions of three candidates of which the first is right; a source gives each of them something. */
const problem = (...sheets: readonly (readonly number[])[][]): BlendProblem => ({
  sources: ["ease", "content"],
  sheets: sheets.map((shares) => ({
    size: 12,
    target: 0,
    user: 0,
    shares: shares.map((share) => padded(share)),
  })),
  questions: sheets.length,
});

/** Nine more candidates, all like the last one: a rank beyond 10 is worth nothing. */
const padded = ([right = 0, wrong = 0]: readonly number[]) =>
  Float32Array.from({ length: 12 }, (_, row) => (row === 0 ? right : wrong));

describe("the search for a blend", () => {
  test("finds weights that answer what no source answers alone", () => {
    const both = problem(
      [
        [1, 0.4],
        [0, 0.5],
      ],
      [
        [0, 0.3],
        [1, 0.4],
      ],
    );
    const alone = Math.max(
      searchBlend({ ...both, sheets: both.sheets.slice(0, 1) }, { ease: 1 }).ndcg / 2,
      0.5,
    );
    const found = searchBlend(both, { ease: 1 });
    expect(found.ndcg).toBe(1);
    expect(found.ndcg).toBeGreaterThan(alone);
    expect(Object.values(found.weights).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6);
  });

  test("leaves out a source that adds nothing", () => {
    expect(
      searchBlend(
        problem([
          [1, 0],
          [0, 1],
        ]),
        { ease: 0.5, content: 0.5 },
      ).weights,
    ).toEqual({ ease: 1 });
  });

  test("keeps the defaults where nothing is better", () => {
    expect(
      searchBlend({ sources: ["ease", "content"], sheets: [], questions: 5 }, { ease: 1 }).weights,
    ).toEqual({
      ease: 1,
    });
  });

  test("ranks ties by their mean", () => {
    const { ndcg } = searchBlend(
      problem([
        [1, 1],
        [0, 0],
      ]),
      { ease: 1 },
    );
    expect(ndcg).toBeCloseTo(1 / Math.log2(7.5), 6);
  });
});
