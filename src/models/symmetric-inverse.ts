/** Inverts a symmetric positive definite matrix in place, in blocks that stay in the processor's cache. */

/** Columns that are eliminated together. */
const BLOCK = 48;

/**
 * `matrix` holds `size` rows of `size` numbers. Blocked Gauss-Jordan by symmetric sweeps: half the work of a general
 * inverse, the same as Cholesky and two triangular solves, and one kernel does nearly all of it. No pivoting: positive
 * definite matrices need none. Throws RangeError for one that is not.
 */
export function invertSymmetric(matrix: Float64Array, size: number): void {
  const panel = new Float64Array(size * BLOCK);
  const scaled = new Float64Array(size * BLOCK);
  const pivot = new Float64Array(BLOCK * BLOCK);
  for (let first = 0; first < size; first += BLOCK) {
    const width = Math.min(BLOCK, size - first);
    copyPanel(matrix, size, first, width, panel);
    for (let row = 0; row < width; row++) {
      pivot.set(panel.subarray((first + row) * width, (first + row + 1) * width), row * width);
    }
    sweepAll(pivot, width);
    multiply(panel, pivot, scaled, size, width);
    // With pivot = -D^-1 a sweep is A -= panel D^-1 panel', here an addition.
    addProducts(matrix, size, scaled, panel, width);
    storePanel(matrix, size, first, width, scaled, pivot);
  }
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      const value = -(matrix[row * size + column] as number);
      matrix[row * size + column] = value;
      matrix[column * size + row] = value;
    }
  }
}

/** Columns `first` … `first + width` of the whole symmetric matrix, of which only the lower half is kept. */
function copyPanel(
  matrix: Float64Array,
  size: number,
  first: number,
  width: number,
  panel: Float64Array,
): void {
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < width; column++) {
      const other = first + column;
      panel[row * width + column] = matrix[row >= other ? row * size + other : other * size + row] as number;
    }
  }
}

/** Turns a small symmetric matrix into minus its inverse. */
function sweepAll(matrix: Float64Array, size: number): void {
  for (let k = 0; k < size; k++) {
    const pivot = matrix[k * size + k] as number;
    if (!(pivot > 0)) throw new RangeError("the matrix is not positive definite");
    for (let row = 0; row < size; row++) {
      if (row === k) continue;
      const factor = (matrix[row * size + k] as number) / pivot;
      for (let column = 0; column < size; column++) {
        if (column === k) continue;
        const at = row * size + column;
        matrix[at] = (matrix[at] as number) - factor * (matrix[k * size + column] as number);
      }
    }
    for (let other = 0; other < size; other++) {
      if (other === k) continue;
      matrix[k * size + other] = (matrix[k * size + other] as number) / pivot;
      matrix[other * size + k] = (matrix[other * size + k] as number) / pivot;
    }
    matrix[k * size + k] = -1 / pivot;
  }
}

/** into = left right, with `width` columns each. */
function multiply(
  left: Float64Array,
  right: Float64Array,
  into: Float64Array,
  rows: number,
  width: number,
): void {
  for (let row = 0; row < rows; row++) {
    const at = row * width;
    for (let column = 0; column < width; column++) {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += (left[at + k] as number) * (right[k * width + column] as number);
      into[at + column] = sum;
    }
  }
}

/** Lower half of matrix += left right'. Two rows and four columns at once: eight sums for six numbers read. */
function addProducts(
  matrix: Float64Array,
  size: number,
  left: Float64Array,
  right: Float64Array,
  width: number,
): void {
  for (let row = 0; row < size; row += 2) {
    const a0 = row * width;
    const isPair = row + 1 < size;
    const a1 = isPair ? a0 + width : a0;
    for (let column = 0; column <= row + 1; column += 4) {
      const b0 = column * width;
      const b1 = column + 1 < size ? b0 + width : b0;
      const b2 = column + 2 < size ? b0 + 2 * width : b0;
      const b3 = column + 3 < size ? b0 + 3 * width : b0;
      let s00 = 0;
      let s01 = 0;
      let s02 = 0;
      let s03 = 0;
      let s10 = 0;
      let s11 = 0;
      let s12 = 0;
      let s13 = 0;
      for (let k = 0; k < width; k++) {
        const x0 = left[a0 + k] as number;
        const x1 = left[a1 + k] as number;
        const y0 = right[b0 + k] as number;
        const y1 = right[b1 + k] as number;
        const y2 = right[b2 + k] as number;
        const y3 = right[b3 + k] as number;
        s00 += x0 * y0;
        s01 += x0 * y1;
        s02 += x0 * y2;
        s03 += x0 * y3;
        s10 += x1 * y0;
        s11 += x1 * y1;
        s12 += x1 * y2;
        s13 += x1 * y3;
      }
      const at = row * size + column;
      addFour(matrix, at, Math.min(4, size - column), s00, s01, s02, s03);
      if (isPair) addFour(matrix, at + size, Math.min(4, size - column), s10, s11, s12, s13);
    }
  }
}

function addFour(
  into: Float64Array,
  at: number,
  count: number,
  a: number,
  b: number,
  c: number,
  d: number,
): void {
  into[at] = (into[at] as number) + a;
  if (count > 1) into[at + 1] = (into[at + 1] as number) + b;
  if (count > 2) into[at + 2] = (into[at + 2] as number) + c;
  if (count > 3) into[at + 3] = (into[at + 3] as number) + d;
}

/** Rows and columns of the swept block: panel D^-1, and -D^-1 where they meet. */
function storePanel(
  matrix: Float64Array,
  size: number,
  first: number,
  width: number,
  scaled: Float64Array,
  pivot: Float64Array,
): void {
  for (let row = 0; row < size; row++) {
    const within = row - first;
    const isPivot = within >= 0 && within < width;
    for (let column = 0; column < width; column++) {
      const other = first + column;
      // `scaled` was made with -D^-1.
      const value = isPivot
        ? (pivot[within * width + column] as number)
        : -(scaled[row * width + column] as number);
      matrix[row >= other ? row * size + other : other * size + row] = value;
    }
  }
}
