/** One half of a sweep of implicit ALS: every row of one side solved anew, the other side staying as it is. */

import { FOLD_IN_ROWS, FoldIn, factorise, solveFactored } from "../recommend/fold-in.ts";
import { FACTORS } from "../recommend/item-factors.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

/** Who took what, seen from one side. */
export interface Side {
  readonly count: number;
  /** Row r has the entries from `starts[r]` until `starts[r + 1]`. */
  readonly starts: Int32Array;
  /** Rows of the other side; -1 for one that is left out. */
  readonly others: Int32Array;
  /** Weight of the heaviest signal. */
  readonly weights: Uint8Array;
}

export interface IalsSettings {
  /** How much a pair of which nothing is known counts beside one that was seen. */
  readonly unobservedWeight: number;
  readonly lambda: number;
}

/** What every row of one side shares when it is solved. */
export interface Ground {
  readonly base: Float64Array;
  readonly ridge: number;
}

/**
 * Turns the fixed side's vectors into the basis in which their square is diagonal, which changes no product of two sides that are
 * both turned, and makes the common part of all equations a diagonal: unobserved weight * eigenvalues + lambda * unobserved
 * weight * rows. The regularisation of a row grows with what was seen of it (Rendle et al. 2022).
 */
export function groundOf(
  vectors: Float32Array,
  active: number,
  { unobservedWeight, lambda }: IalsSettings,
): Ground {
  const square = squareOf(vectors);
  const { values, vectors: basis } = symmetricEigen(square, FACTORS);
  turnInto(basis, vectors);
  const base = values.map((value) => unobservedWeight * (Math.max(0, value) + lambda * active));
  return { base, ridge: lambda };
}

/** Solves rows into `into`; a row without entries becomes 0. `confidences` by weight of the signal. */
export class RowSolver {
  readonly #foldIn = new FoldIn();
  readonly #square = new Float64Array(FACTORS * FACTORS);
  readonly #right = new Float64Array(FACTORS);
  #rows = new Int32Array(1_024);
  #sure = new Float64Array(1_024);

  solveAll(ground: Ground, fixed: Float32Array, side: Side, confidences: Float64Array, into: Float32Array) {
    for (let row = 0; row < side.count; row++) {
      const count = this.#gather(side, row, confidences);
      const at = row * FACTORS;
      if (count === 0) into.fill(0, at, at + FACTORS);
      else if (count <= FOLD_IN_ROWS)
        this.#foldIn.solve(ground, fixed, this.#rows, this.#sure, count, into, at);
      else this.#solveLong(ground, fixed, count, into, at);
    }
  }

  #gather({ starts, others, weights }: Side, row: number, confidences: Float64Array): number {
    const from = starts[row] as number;
    const to = starts[row + 1] as number;
    if (this.#rows.length < to - from) {
      this.#rows = new Int32Array(2 * (to - from));
      this.#sure = new Float64Array(2 * (to - from));
    }
    let count = 0;
    for (let entry = from; entry < to; entry++) {
      const other = others[entry] as number;
      if (other < 0) continue;
      this.#rows[count] = other;
      this.#sure[count++] = confidences[weights[entry] as number] as number;
    }
    return count;
  }

  /** (D + Y'CY) x = Y'C 1 as it stands, four rows of Y at once. */
  #solveLong({ base, ridge }: Ground, fixed: Float32Array, count: number, into: Float32Array, at: number) {
    const square = this.#square.fill(0);
    const right = this.#right.fill(0);
    const rows = this.#rows;
    const sure = this.#sure;
    let total = 0;
    for (let entry = 0; entry < count; entry += 4) {
      // Beyond the end the last row counts with 0.
      const last = count - 1;
      const a = (rows[entry] as number) * FACTORS;
      const b = (rows[Math.min(last, entry + 1)] as number) * FACTORS;
      const c = (rows[Math.min(last, entry + 2)] as number) * FACTORS;
      const d = (rows[Math.min(last, entry + 3)] as number) * FACTORS;
      const ca = sure[entry] as number;
      const cb = entry + 1 < count ? (sure[entry + 1] as number) : 0;
      const cc = entry + 2 < count ? (sure[entry + 2] as number) : 0;
      const cd = entry + 3 < count ? (sure[entry + 3] as number) : 0;
      total += ca + cb + cc + cd;
      for (let row = 0; row < FACTORS; row++) {
        const xa = ca * (fixed[a + row] as number);
        const xb = cb * (fixed[b + row] as number);
        const xc = cc * (fixed[c + row] as number);
        const xd = cd * (fixed[d + row] as number);
        right[row] = (right[row] as number) + xa + xb + xc + xd;
        const to = row * FACTORS;
        for (let column = 0; column <= row; column++) {
          square[to + column] =
            (square[to + column] as number) +
            xa * (fixed[a + column] as number) +
            xb * (fixed[b + column] as number) +
            xc * (fixed[c + column] as number) +
            xd * (fixed[d + column] as number);
        }
      }
    }
    for (let k = 0; k < FACTORS; k++) {
      const diagonal = k * FACTORS + k;
      square[diagonal] = (square[diagonal] as number) + (base[k] as number) + ridge * total;
    }
    factorise(square, FACTORS);
    solveFactored(square, right, FACTORS);
    into.set(right, at);
  }
}

/** V'V, four rows at once. */
function squareOf(vectors: Float32Array): Float64Array {
  const square = new Float64Array(FACTORS * FACTORS);
  const rows = vectors.length / FACTORS;
  for (let first = 0; first < rows; first += 4) {
    const a = first * FACTORS;
    const inside = (offset: number) => (first + offset < rows ? 1 : 0);
    const [b, c, d] = [1, 2, 3].map((offset) => a + inside(offset) * offset * FACTORS) as [
      number,
      number,
      number,
    ];
    const [ib, ic, id] = [inside(1), inside(2), inside(3)];
    for (let row = 0; row < FACTORS; row++) {
      const xa = vectors[a + row] as number;
      const xb = ib * (vectors[b + row] as number);
      const xc = ic * (vectors[c + row] as number);
      const xd = id * (vectors[d + row] as number);
      const to = row * FACTORS;
      for (let column = 0; column <= row; column++) {
        square[to + column] =
          (square[to + column] as number) +
          xa * (vectors[a + column] as number) +
          xb * (vectors[b + column] as number) +
          xc * (vectors[c + column] as number) +
          xd * (vectors[d + column] as number);
      }
    }
  }
  for (let row = 0; row < FACTORS; row++) {
    for (let column = 0; column < row; column++)
      square[column * FACTORS + row] = square[row * FACTORS + column] as number;
  }
  return square;
}

/** Each vector times the basis, whose columns are the new axes; four axes at once. */
function turnInto(basis: Float64Array, vectors: Float32Array): void {
  const axes = new Float64Array(basis.length);
  for (let row = 0; row < FACTORS; row++)
    for (let axis = 0; axis < FACTORS; axis++)
      axes[axis * FACTORS + row] = basis[row * FACTORS + axis] as number;
  const vector = new Float64Array(FACTORS);
  for (let at = 0; at < vectors.length; at += FACTORS) {
    for (let k = 0; k < FACTORS; k++) vector[k] = vectors[at + k] as number;
    for (let axis = 0; axis < FACTORS; axis += 4) {
      const from = axis * FACTORS;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let k = 0; k < FACTORS; k++) {
        const value = vector[k] as number;
        s0 += value * (axes[from + k] as number);
        s1 += value * (axes[from + FACTORS + k] as number);
        s2 += value * (axes[from + 2 * FACTORS + k] as number);
        s3 += value * (axes[from + 3 * FACTORS + k] as number);
      }
      vectors[at + axis] = s0;
      vectors[at + axis + 1] = s1;
      vectors[at + axis + 2] = s2;
      vectors[at + axis + 3] = s3;
    }
  }
}
