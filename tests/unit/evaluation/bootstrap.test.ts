import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../../src/core/random.ts";
import { intervalOf, meanOf, pairedInterval, resampledMeans } from "../../../src/evaluation/bootstrap.ts";

const columns = (...sums: number[][]) =>
  new Map(sums.map((each, index) => [`column-${index}`, Float64Array.from(each)]));
const draws = (counts: number[], sums: number[][], resamples = 1_000, seed = 1) =>
  resampledMeans(
    { counts: Float64Array.from(counts), columns: columns(...sums) },
    resamples,
    seededRandom(seed),
  );
const column = (means: ReadonlyMap<string, Float64Array>, index: number) =>
  means.get(`column-${index}`) as Float64Array;

describe("bootstrap", () => {
  test("the mean weighs each question the same, whoever asked it", () => {
    expect(meanOf(Float64Array.of(3, 1), Float64Array.of(3, 1))).toBe(1);
    expect(meanOf(Float64Array.of(0, 3), Float64Array.of(9, 3))).toBe(0.25);
  });

  test("of one user knows nothing but that user", () => {
    expect(new Set(column(draws([4], [[2]]), 0))).toEqual(new Set([0.5]));
  });

  test("of two users gives their means and the mean of both", () => {
    expect(new Set(column(draws([1, 3], [[1, 0]]), 0))).toEqual(new Set([0, 0.25, 1]));
  });

  test("equal seeds give equal draws, other seeds others", () => {
    const counts = [1, 2, 3, 4];
    const sums = [[1, 0, 2, 1]];
    expect(draws(counts, sums, 50, 7)).toEqual(draws(counts, sums, 50, 7));
    expect(draws(counts, sums, 50, 7)).not.toEqual(draws(counts, sums, 50, 8));
  });

  test("a constant difference between two columns has an interval without width", () => {
    const means = draws(
      [1, 1, 1, 1],
      [
        [1, 2, 3, 4],
        [0, 1, 2, 3],
      ],
    );
    expect(intervalOf(column(means, 0)).high).toBeGreaterThan(intervalOf(column(means, 0)).low);
    const { low, high } = pairedInterval(column(means, 0), column(means, 1));
    expect(low).toBeCloseTo(1, 12);
    expect(high).toBeCloseTo(1, 12);
  });

  test("the interval is the middle 95 %", () => {
    const { low, high } = intervalOf(Float64Array.from({ length: 1_001 }, (_, index) => 1_000 - index));
    expect(low).toBeCloseTo(25, 9);
    expect(high).toBeCloseTo(975, 9);
  });

  test("covers the true mean about 19 times of 20", () => {
    const random = seededRandom(42);
    const trials = 300;
    let covered = 0;
    for (let trial = 0; trial < trials; trial++) {
      const counts = Array.from({ length: 40 }, () => 1 + Math.floor(random.next() * 5));
      const sums = counts.map((count) => {
        let sum = 0;
        for (let question = 0; question < count; question++) if (random.next() < 0.3) sum++;
        return sum;
      });
      const { low, high } = intervalOf(column(draws(counts, [sums], 400, trial), 0));
      if (low <= 0.3 && 0.3 <= high) covered++;
    }
    expect(covered / trials).toBeGreaterThan(0.9);
    expect(covered / trials).toBeLessThan(0.985);
  });
});
