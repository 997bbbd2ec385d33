/** Eigenvalues and eigenvectors of a small symmetric matrix, by Jacobi's rotations. */

const MAX_ROUNDS = 30;
/** Of what is beside the diagonal, relative to the whole. */
const SMALL = 1e-22;

export interface Eigen {
  readonly values: Float64Array;
  /** Column c, the numbers at c, c + size, …, belongs to value c. */
  readonly vectors: Float64Array;
}

/** `matrix` holds `size` rows of `size` numbers and is used up. */
export function symmetricEigen(matrix: Float64Array, size: number): Eigen {
  const vectors = new Float64Array(size * size);
  for (let row = 0; row < size; row++) vectors[row * size + row] = 1;
  const whole = matrix.reduce((sum, value) => sum + value * value, 0);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let beside = 0;
    for (let p = 0; p < size; p++)
      for (let q = p + 1; q < size; q++) beside += (matrix[p * size + q] as number) ** 2;
    if (beside <= SMALL * whole) break;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(matrix, vectors, size, p, q);
  }
  return { values: Float64Array.from({ length: size }, (_, k) => matrix[k * size + k] as number), vectors };
}

/** Makes the numbers at (p, q) and (q, p) zero. */
function rotate(matrix: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const off = matrix[p * size + q] as number;
  if (off === 0) return;
  const ratio = ((matrix[q * size + q] as number) - (matrix[p * size + p] as number)) / (2 * off);
  const tangent = Math.sign(ratio || 1) / (Math.abs(ratio) + Math.sqrt(ratio * ratio + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  turn(matrix, size, p, q, size, cosine, sine);
  turn(matrix, size, p * size, q * size, 1, cosine, sine);
  turn(vectors, size, p, q, size, cosine, sine);
}

/** Turns two columns, or two rows, into one another. */
function turn(
  matrix: Float64Array,
  size: number,
  first: number,
  second: number,
  stride: number,
  cosine: number,
  sine: number,
): void {
  for (let k = 0; k < size; k++) {
    const a = matrix[first + k * stride] as number;
    const b = matrix[second + k * stride] as number;
    matrix[first + k * stride] = cosine * a - sine * b;
    matrix[second + k * stride] = sine * a + cosine * b;
  }
}
