/**
 * Finds the vector of a user from the items of a profile: the least squares step of implicit ALS (Hu et al. 2008).
 *
 * x = (D + Y'CY)^-1 Y'C 1, where D is diagonal. With few items the same is x = D^-1 Y' a with (C^-1 + Y D^-1 Y') a = 1 (Woodbury),
 * whose matrix has a row an item instead of one a factor.
 */

import { FACTORS } from "./item-factors.ts";

/** Items beyond this number make the matrix of items the larger one. */
export const FOLD_IN_ROWS = 64;

/** Working memory of one solution at a time. */
export class FoldIn {
  /** Rows of Y D^-1/2. */
  readonly #scaled = new Float64Array(FOLD_IN_ROWS * FACTORS);
  /** Lower Cholesky factor of the matrix of items. */
  readonly #factor = new Float64Array(FOLD_IN_ROWS * FOLD_IN_ROWS);
  readonly #right = new Float64Array(FOLD_IN_ROWS);
  /** D^-1/2. */
  readonly #shrink = new Float64Array(FACTORS);

  /**
   * Writes the vector into `into` from `at` on. Row `rows[j]` of `vectors` is that of the j-th of `count` distinct items, at most
   * `FOLD_IN_ROWS`, and `confidences[j]` above 0 says how sure it is that it was wanted.
   */
  solve(
    { base, ridge }: { readonly base: Float64Array; readonly ridge: number },
    vectors: Float32Array,
    rows: Int32Array,
    confidences: Float64Array,
    count: number,
    into: Float64Array | Float32Array,
    at = 0,
  ): void {
    const scaled = this.#scaled;
    const shrink = this.#shrink;
    const right = this.#right;
    let sure = 0;
    for (let row = 0; row < count; row++) sure += confidences[row] as number;
    for (let k = 0; k < FACTORS; k++) shrink[k] = 1 / Math.sqrt((base[k] as number) + ridge * sure);
    for (let row = 0; row < count; row++) {
      const from = (rows[row] as number) * FACTORS;
      for (let k = 0; k < FACTORS; k++)
        scaled[row * FACTORS + k] = (vectors[from + k] as number) * (shrink[k] as number);
    }
    this.#fillMatrix(confidences, count);
    factorise(this.#factor, count);
    right.fill(1, 0, count);
    solveFactored(this.#factor, right, count);
    for (let k = 0; k < FACTORS; k++) {
      let sum = 0;
      for (let row = 0; row < count; row++)
        sum += (right[row] as number) * (scaled[row * FACTORS + k] as number);
      into[at + k] = sum * (shrink[k] as number);
    }
  }

  /** Lower half of Y D^-1 Y' + C^-1, four columns at once. */
  #fillMatrix(confidences: Float64Array, count: number): void {
    const scaled = this.#scaled;
    const matrix = this.#factor;
    for (let row = 0; row < count; row++) {
      const a = row * FACTORS;
      for (let column = 0; column <= row; column += 4) {
        // Columns beyond the diagonal are read from rows that exist, and written where nobody looks.
        const b = column * FACTORS;
        let s0 = 0;
        let s1 = 0;
        let s2 = 0;
        let s3 = 0;
        for (let k = 0; k < FACTORS; k++) {
          const x = scaled[a + k] as number;
          s0 += x * (scaled[b + k] as number);
          s1 += x * (scaled[b + FACTORS + k] as number);
          s2 += x * (scaled[b + 2 * FACTORS + k] as number);
          s3 += x * (scaled[b + 3 * FACTORS + k] as number);
        }
        const at = row * FOLD_IN_ROWS + column;
        matrix[at] = s0;
        matrix[at + 1] = s1;
        matrix[at + 2] = s2;
        matrix[at + 3] = s3;
      }
      const diagonal = row * FOLD_IN_ROWS + row;
      matrix[diagonal] = (matrix[diagonal] as number) + 1 / (confidences[row] as number);
    }
  }
}

/** Cholesky in place, in rows of `FOLD_IN_ROWS`: also for other matrices of no more rows. */
export function factorise(matrix: Float64Array, size: number): void {
  for (let row = 0; row < size; row++) {
    const a = row * FOLD_IN_ROWS;
    for (let column = 0; column <= row; column++) {
      const b = column * FOLD_IN_ROWS;
      let sum = matrix[a + column] as number;
      for (let k = 0; k < column; k++) sum -= (matrix[a + k] as number) * (matrix[b + k] as number);
      matrix[a + column] = row === column ? Math.sqrt(sum) : sum / (matrix[b + column] as number);
    }
  }
}

/** Solves L L' x = b in place of b. */
export function solveFactored(factor: Float64Array, values: Float64Array, size: number): void {
  for (let row = 0; row < size; row++) {
    let sum = values[row] as number;
    for (let k = 0; k < row; k++) sum -= (factor[row * FOLD_IN_ROWS + k] as number) * (values[k] as number);
    values[row] = sum / (factor[row * FOLD_IN_ROWS + row] as number);
  }
  for (let row = size - 1; row >= 0; row--) {
    let sum = values[row] as number;
    for (let k = row + 1; k < size; k++)
      sum -= (factor[k * FOLD_IN_ROWS + row] as number) * (values[k] as number);
    values[row] = sum / (factor[row * FOLD_IN_ROWS + row] as number);
  }
}
