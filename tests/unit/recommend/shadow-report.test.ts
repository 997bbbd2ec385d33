/** The figures of a shadow's report. */

import { describe, expect, test } from "bun:test";
import { shadowReport, stabilityIndex } from "../../../src/recommend/shadow-report.ts";
import { compareLists, type ShadowSample, ShadowSamples } from "../../../src/recommend/shadow-samples.ts";

const listOf = (names: string) => {
  const itemIds = names.split("");
  const scores = Float64Array.from(itemIds, (_, place) => 1 / (place + 1));
  return { itemIds, scores, sources: [], sourceScores: new Float64Array(0) };
};
const compared = (one: string, other: string) => compareLists(listOf(one), listOf(other));

describe("two lists", () => {
  test.each([
    ["abcd", "abcd", 1, 1],
    ["abcd", "dcba", 1, -1],
    ["abcd", "abxy", 0.5, 1],
    ["abcd", "wxyz", 0, Number.NaN],
    ["abcdefghijk", "kabcdefghij", 0.9, 0.5],
    ["", "", 1, Number.NaN],
    ["ab", "", 0, Number.NaN],
  ])("%p and %p overlap by %p and correlate by %p", (one, other, overlap, correlation) => {
    expect(compared(one, other)).toMatchObject({ overlap, correlation });
  });
});

describe("the stability index", () => {
  /** `count` values in the middle of each tenth of 0..1. */
  const tenths = (counts: readonly number[]) =>
    counts.flatMap((count, bin) => Array.from({ length: count }, () => bin / 10 + 0.05));

  test("of shares that moved is the published figure", () => {
    const reference = tenths([10, 10, 10, 10, 10, 10, 10, 10, 10, 10]);
    const current = tenths([20, 10, 10, 10, 10, 10, 10, 10, 5, 5]);
    expect(stabilityIndex(reference, current)).toBeCloseTo(0.13863, 4);
  });

  test("is 0 for the same values, or a single one, and nothing without values", () => {
    expect(stabilityIndex([1, 2, 3], [1, 2, 3])).toBe(0);
    expect(stabilityIndex([2, 2], [2])).toBe(0);
    expect([stabilityIndex([], [1]), stabilityIndex([1], [])]).toEqual([null, null]);
  });
});

describe("the report", () => {
  const sample = (ms: number, one = "abcd", other = "abxy"): ShadowSample => ({
    ...compared(one, other),
    primaryMs: ms,
    shadowMs: 2 * ms,
  });
  const setOf = (samples: readonly ShadowSample[], errors = 0, shed = 0) => ({
    primary: "p",
    shadow: "s",
    samples,
    errors,
    shed,
  });

  test("adds up all workers", () => {
    const report = shadowReport([
      setOf([sample(1), sample(3)], 1, 2),
      setOf([sample(2, "abcd", "wxyz")], 0, 5),
    ]);
    expect(report).toMatchObject({
      k: 10,
      sample_size: 3,
      rank_correlation: 1,
      latency_ms: { primary: { p50: 2, p95: 3 }, shadow: { p50: 4, p95: 6 } },
      errors: 1,
      shed: 7,
    });
    expect(report.overlap_at_k).toBeCloseTo(1 / 3, 9);
  });

  test("tells nothing where nothing was compared", () => {
    const nothing = { p50: null, p95: null };
    expect(shadowReport([])).toEqual({
      k: 10,
      sample_size: 0,
      overlap_at_k: null,
      rank_correlation: null,
      score_psi: null,
      latency_ms: { primary: nothing, shadow: nothing },
      errors: 0,
      shed: 0,
    });
  });

  test("keeps the newest thousand comparisons", () => {
    const samples = new ShadowSamples("p", "s");
    for (let ms = 0; ms < 1_200; ms++) samples.add(sample(ms));
    const { samples: kept } = samples.set();
    expect(kept).toHaveLength(1_000);
    expect(Math.min(...kept.map(({ primaryMs }) => primaryMs))).toBe(200);
  });
});
