/** Implicit ALS against its definition: a dense solve, and a loss that no half of a sweep makes larger. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { confidencesOf, factoriseTakes } from "../../../src/models/ials.ts";
import { type IalsSettings, RowSolver } from "../../../src/models/ials-rows.ts";
import { symmetricEigen } from "../../../src/models/symmetric-eigen.ts";
import { type Takes, takesOf } from "../../../src/models/takes.ts";
import { FOLD_IN_ROWS, FoldIn } from "../../../src/recommend/fold-in.ts";
import { FACTORS } from "../../../src/recommend/item-factors.ts";
import { logOf } from "./logs.ts";

const SETTINGS: IalsSettings = { unobservedWeight: 0.1, lambda: 0.05 };
const options = (sweeps: number) => ({
  sweeps,
  maxUsers: 1_000,
  maxProducts: 1e12,
  mayGoOn: () => true,
});

const dot = (a: Float32Array, row: number, b: Float32Array, other: number) => {
  let sum = 0;
  for (let k = 0; k < FACTORS; k++)
    sum += (a[row * FACTORS + k] as number) * (b[other * FACTORS + k] as number);
  return sum;
};

/** The objective as the comment of ials.ts writes it down; every user and item here has taken something. */
function lossOf(takes: Takes, users: Float32Array, items: Float32Array, settings: IalsSettings): number {
  const { unobservedWeight, lambda } = settings;
  const confidence = confidencesOf({ weights: takes.userWeights });
  const sureOfUser = new Float64Array(takes.userCount);
  const sureOfItem = new Float64Array(takes.itemCount);
  let loss = 0;
  for (let user = 0; user < takes.userCount; user++) {
    for (let item = 0; item < takes.itemCount; item++)
      loss += unobservedWeight * dot(users, user, items, item) ** 2;
    for (let at = takes.userStarts[user] as number; at < (takes.userStarts[user + 1] as number); at++) {
      const item = takes.userItems[at] as number;
      const c = confidence[takes.userWeights[at] as number] as number;
      loss += c * (1 - dot(users, user, items, item)) ** 2;
      sureOfUser[user] = (sureOfUser[user] as number) + c;
      sureOfItem[item] = (sureOfItem[item] as number) + c;
    }
  }
  for (const [user, sure] of sureOfUser.entries())
    loss += lambda * (sure + unobservedWeight * takes.itemCount) * dot(users, user, users, user);
  for (const [item, sure] of sureOfItem.entries())
    loss += lambda * (sure + unobservedWeight * takes.userCount) * dot(items, item, items, item);
  return loss;
}

/** Gaussian elimination with pivots. */
function solveDense(matrix: number[][], right: number[]): number[] {
  const rows = matrix.map((row, place) => [...row, right[place] as number]);
  const size = rows.length;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column; row < size; row++) {
      if (Math.abs(rows[row]?.[column] as number) > Math.abs(rows[pivot]?.[column] as number)) pivot = row;
    }
    [rows[column], rows[pivot]] = [rows[pivot] as number[], rows[column] as number[]];
    for (let row = 0; row < size; row++) {
      if (row === column) continue;
      const factor = (rows[row]?.[column] as number) / (rows[column]?.[column] as number);
      for (let k = column; k <= size; k++)
        (rows[row] as number[])[k] = (rows[row]?.[k] as number) - factor * (rows[column]?.[k] as number);
    }
  }
  return rows.map((row, place) => (row[size] as number) / (row[place] as number));
}

/** Vectors that are anything but special. */
const someVectors = (rows: number) =>
  Float32Array.from({ length: rows * FACTORS }, (_, at) => Math.sin(1 + at * 1.7) * 0.3);

/** (D + ridge * sum of c + Y'CY) x = Y'C 1, as it stands. */
function literalRow(
  base: Float64Array,
  ridge: number,
  vectors: Float32Array,
  confidences: readonly number[],
): number[] {
  const sure = confidences.reduce((sum, c) => sum + c, 0);
  const at = (row: number, k: number) => vectors[row * FACTORS + k] as number;
  const sum = (of: (row: number) => number) => confidences.reduce((total, c, row) => total + c * of(row), 0);
  const factors = Array.from({ length: FACTORS }, (_, k) => k);
  const matrix = factors.map((a) =>
    factors.map(
      (b) => sum((row) => at(row, a) * at(row, b)) + (a === b ? (base[a] as number) + ridge * sure : 0),
    ),
  );
  return solveDense(
    matrix,
    factors.map((k) => sum((row) => at(row, k))),
  );
}

const base = Float64Array.from({ length: FACTORS }, (_, k) => 0.5 + 0.1 * k);

describe("the fold-in", () => {
  test("is the solution of the least squares of the profile, for every length", () => {
    const into = new Float64Array(FACTORS);
    const foldIn = new FoldIn();
    for (const count of [64, 1, 2, 3, 5, 17, 50]) {
      const confidences = Float64Array.from({ length: count }, (_, row) => 0.9 ** row);
      const vectors = someVectors(count);
      const rows = Int32Array.from({ length: count }, (_, row) => row);
      foldIn.solve({ base, ridge: 0.05 }, vectors, rows, confidences, count, into);
      const expected = literalRow(base, 0.05, vectors, [...confidences]);
      for (let k = 0; k < FACTORS; k++) expect(into[k]).toBeCloseTo(expected[k] as number, 9);
    }
  });

  test("of nobody is nothing", () => {
    const into = new Float64Array(FACTORS).fill(7);
    new FoldIn().solve(
      { base, ridge: 0.05 },
      someVectors(1),
      new Int32Array(0),
      new Float64Array(0),
      0,
      into,
    );
    expect(into.every((value) => value === 0)).toBe(true);
  });

  test("and what longer rows are solved by meet at the length that both can do", () => {
    const length = FOLD_IN_ROWS + 1;
    const vectors = someVectors(length);
    const side = {
      count: 1,
      starts: Int32Array.of(0, length),
      others: Int32Array.from({ length }, (_, row) => row),
      weights: new Uint8Array(length).fill(1),
    };
    const into = new Float32Array(FACTORS);
    new RowSolver().solveAll({ base, ridge: 0.05 }, vectors, side, Float64Array.of(0, 0.7), into);
    const expected = literalRow(base, 0.05, vectors, new Array(length).fill(0.7));
    for (let k = 0; k < FACTORS; k++) expect(into[k]).toBeCloseTo(expected[k] as number, 5);
  });
});

const stories = fc
  .array(fc.uniqueArray(fc.constantFrom(..."abcdefgh"), { minLength: 1 }), { minLength: 2, maxLength: 14 })
  .map((users) => users.map((own) => own.join(" ")).join("|"));

describe("implicit ALS", () => {
  test("lowers the loss that it says with every sweep", () => {
    fc.assert(
      fc.property(stories, (story) => {
        const takes = takesOf(logOf(story));
        let before = Number.POSITIVE_INFINITY;
        for (const sweeps of [2, 3, 4, 5]) {
          const { users, items } = factoriseTakes(takes, SETTINGS, options(sweeps));
          const loss = lossOf(takes, users, items, SETTINGS);
          expect(loss).toBeLessThanOrEqual(before * (1 + 1e-6));
          before = loss;
        }
      }),
      { numRuns: 12 },
    );
  });

  test("gives a user of the training the vector that a fold-in of the same items gives", () => {
    const takes = takesOf(logOf("a b c|a b d|b c d|a c e|d e f|e f a"));
    const { users, items, ground } = factoriseTakes(takes, SETTINGS, options(3));
    const foldIn = new FoldIn();
    const into = new Float64Array(FACTORS);
    for (let user = 0; user < takes.userCount; user++) {
      const [from, to] = [takes.userStarts[user] as number, takes.userStarts[user + 1] as number];
      const rows = takes.userItems.slice(from, to);
      foldIn.solve(ground, items, rows, new Float64Array(rows.length).fill(1), rows.length, into);
      for (let k = 0; k < FACTORS; k++) expect(into[k]).toBeCloseTo(users[user * FACTORS + k] as number, 6);
    }
  });

  test("puts what was taken together next to one another", () => {
    const takes = takesOf(logOf("a b|a b c|b c|a c|x y|x y z|y z|x z"));
    const { items } = factoriseTakes(takes, SETTINGS, options(8));
    const [a, b, , x] = [0, 1, 2, 3];
    expect(dot(items, a, items, b)).toBeGreaterThan(4 * Math.abs(dot(items, a, items, x)));
  });

  test("gives equal numbers for equal takes", () => {
    const takes = takesOf(logOf("a b c|a b d|b c d"));
    expect(factoriseTakes(takes, SETTINGS, options(3))).toEqual(factoriseTakes(takes, SETTINGS, options(3)));
  });

  test("counts heavier signals more, and 1 on average", () => {
    const confidences = confidencesOf({ weights: Uint8Array.of(1, 1, 3, 10) });
    const mean =
      (2 * (confidences[1] as number) + (confidences[3] as number) + (confidences[10] as number)) / 4;
    expect(mean).toBeCloseTo(1, 12);
    expect((confidences[3] as number) / (confidences[1] as number)).toBeCloseTo(2, 12);
  });

  test("leaves out the users with the fewest items, and of equal ones the last, where not all fit", () => {
    const takes = takesOf(logOf("a b c|a|b|c d e|a b"));
    const { users, items } = factoriseTakes(takes, SETTINGS, { ...options(2), maxUsers: 4 });
    expect([users.length / FACTORS, items.length / FACTORS]).toEqual([4, 5]);
    const fewer = factoriseTakes(takes, SETTINGS, { ...options(2), maxUsers: 2 });
    expect(fewer.users.length / FACTORS).toBe(2);
  });

  test("ends early when time or work is up, and never before its second sweep", () => {
    const takes = takesOf(logOf("a b c|a b d"));
    const sweeps = (over: object) => factoriseTakes(takes, SETTINGS, { ...options(6), ...over }).sweeps;
    expect([sweeps({}), sweeps({ mayGoOn: () => false }), sweeps({ maxProducts: 1 })]).toEqual([6, 2, 2]);
  });
});

test("eigenvectors make a symmetric matrix diagonal", () => {
  const size = 9;
  const matrix = Float64Array.from({ length: size * size }, (_, at) => {
    const [row, column] = [Math.floor(at / size), at % size];
    return Math.cos(row * column) + (row === column ? row : 0);
  });
  const { values, vectors } = symmetricEigen(matrix.slice(), size);
  for (let a = 0; a < size; a++) {
    for (let b = 0; b < size; b++) {
      let product = 0;
      let square = 0;
      for (let i = 0; i < size; i++) {
        product += (vectors[i * size + a] as number) * (vectors[i * size + b] as number);
        for (let j = 0; j < size; j++)
          square +=
            (vectors[i * size + a] as number) *
            (matrix[i * size + j] as number) *
            (vectors[j * size + b] as number);
      }
      expect(product).toBeCloseTo(a === b ? 1 : 0, 10);
      expect(square).toBeCloseTo(a === b ? (values[a] as number) : 0, 9);
    }
  }
});
