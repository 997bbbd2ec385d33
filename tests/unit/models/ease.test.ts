/** EASE in both forms against its definition, written with a plain inverse. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { easeProblem } from "../../../src/models/ease.ts";
import { invertSymmetric } from "../../../src/models/symmetric-inverse.ts";
import { takesOf } from "../../../src/models/takes.ts";
import { byName, logOf } from "./logs.ts";

type Matrix = number[][];

const at = (matrix: Matrix, row: number, column: number) => matrix[row]?.[column] as number;

/** Gauss-Jordan, row after row. */
function plainInverse(matrix: Matrix): Matrix {
  const size = matrix.length;
  const rows = matrix.map((row, own) => [...row, ...row.map((_, column) => (column === own ? 1 : 0))]);
  for (let column = 0; column < size; column++) {
    const pivot = rows[column] as number[];
    const scaled = pivot.map((value) => value / at(rows, column, column));
    rows[column] = scaled;
    for (let row = 0; row < size; row++) {
      if (row === column) continue;
      const factor = at(rows, row, column);
      rows[row] = (rows[row] as number[]).map((value, place) => value - factor * (scaled[place] as number));
    }
  }
  return rows.map((row) => row.slice(size));
}

/** B = I - P diag(1 / diag P), entries above 0. */
function literalEase(users: readonly ReadonlySet<string>[], itemIds: readonly string[], lambda: number) {
  const gram = itemIds.map((a) =>
    itemIds.map((b) => users.filter((own) => own.has(a) && own.has(b)).length + (a === b ? lambda : 0)),
  );
  const inverse = plainInverse(gram);
  return Object.fromEntries(
    itemIds.map((a, row) => [
      a,
      Object.fromEntries(
        itemIds.flatMap((b, column) => {
          const weight = -at(inverse, row, column) / at(inverse, column, column);
          return a !== b && weight > 1e-9 ? [[b, weight] as const] : [];
        }),
      ),
    ]),
  );
}

const users = fc.array(fc.uniqueArray(fc.constantFrom(..."abcdefgh"), { minLength: 1 }), {
  minLength: 1,
  maxLength: 14,
});

describe("EASE", () => {
  test.each([1, 50])(
    "with lambda %i gives the weights of its definition, whichever form is cheaper",
    (lambda) => {
      const forms = new Set<string>();
      fc.assert(
        fc.property(users, (drawn) => {
          const log = logOf(drawn.map((own) => own.join(" ")).join("|"));
          const problem = easeProblem(takesOf(log), 4_000);
          if (problem === null) throw new Error("it fits");
          forms.add(problem.form);
          const expected = literalEase(
            drawn.map((own) => new Set(own)),
            log.itemIds,
            lambda,
          );
          const found = byName(log.itemIds, problem.solve(lambda));
          for (const a of log.itemIds) {
            for (const b of log.itemIds) expect(found[a]?.[b] ?? 0).toBeCloseTo(expected[a]?.[b] ?? 0, 5);
          }
        }),
      );
      expect([...forms].sort()).toEqual(["dual", "primal"]);
    },
  );

  test("leaves items of fewer than five users out where not all fit", () => {
    const log = logOf("a b c|a b|a b d|a b|a b|b e|a f|b g");
    const problem = easeProblem(takesOf(log), 2);
    if (problem === null) throw new Error("two items fit");
    expect(problem).toMatchObject({ form: "primal", rows: 2 });
    expect(Object.values(byName(log.itemIds, problem.solve(50))).map((list) => Object.keys(list))).toEqual([
      ["b"],
      ["a"],
      [],
      [],
      [],
      [],
      [],
    ]);
  });

  test("is refused where its matrix does not fit", () => {
    expect(easeProblem(takesOf(logOf("a b c|a b|a b d|a b|a b c")), 1)).toBeNull();
  });
});

describe("the blocked inverse", () => {
  test.each([1, 2, 47, 48, 49, 97, 131])("of %i rows times the matrix is the identity", (size) => {
    const matrix = new Float64Array(size * size);
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        matrix[row * size + column] = ((row * 7 + 3) % 5) * ((column * 7 + 3) % 5) + (row === column ? 9 : 0);
      }
    }
    const inverse = matrix.slice();
    invertSymmetric(inverse, size);
    let worst = 0;
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        let sum = row === column ? -1 : 0;
        for (let k = 0; k < size; k++)
          sum += (matrix[row * size + k] as number) * (inverse[k * size + column] as number);
        worst = Math.max(worst, Math.abs(sum));
      }
    }
    expect(worst).toBeLessThan(1e-9);
  });

  test("of a matrix that is not positive definite is refused", () => {
    expect(() => invertSymmetric(Float64Array.of(1, 2, 2, 1), 2)).toThrow(RangeError);
  });
});
