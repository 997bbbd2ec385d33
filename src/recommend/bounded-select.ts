/** Picks the best few of many numbers or rows without sorting all of them. */

/** Value of the `count`-th largest of the first `length` values (`count` from 1). Reorders `values`. */
export function nthLargest(values: Float64Array, length: number, count: number): number {
  const target = count - 1;
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1] as number;
    let left = low;
    let right = high;
    while (left <= right) {
      while ((values[left] as number) > pivot) left++;
      while ((values[right] as number) < pivot) right--;
      if (left > right) break;
      const swapped = values[left] as number;
      values[left++] = values[right] as number;
      values[right--] = swapped;
    }
    if (right < target) low = left;
    if (left > target) high = right;
  }
  return values[target] as number;
}

/**
 * The best `count` of `rows`, best first.
 * `isBetter` must be a strict total order over the rows, in which a row with a lower one of `scores` is not better.
 */
export function bestRows(
  rows: Int32Array,
  count: number,
  scores: Float64Array,
  isBetter: (row: number, other: number) => boolean,
): number[] {
  const heap: number[] = []; // The worst kept row is the root.
  for (let place = 0; place < rows.length; place++) {
    const row = rows[place] as number;
    if (heap.length < count) {
      heap.push(row);
      siftUp(heap, isBetter);
    } else if (
      count > 0 &&
      // Most rows end here, without a call.
      (scores[row] as number) >= (scores[heap[0] as number] as number) &&
      isBetter(row, heap[0] as number)
    ) {
      heap[0] = row;
      siftDown(heap, isBetter);
    }
  }
  return heap.sort((a, b) => (isBetter(a, b) ? -1 : 1));
}

type IsBetter = (row: number, other: number) => boolean;

function siftUp(heap: number[], isBetter: IsBetter): void {
  let child = heap.length - 1;
  const row = heap[child] as number;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    const above = heap[parent] as number;
    if (isBetter(row, above)) break;
    heap[child] = above;
    child = parent;
  }
  heap[child] = row;
}

function siftDown(heap: number[], isBetter: IsBetter): void {
  const row = heap[0] as number;
  let parent = 0;
  for (;;) {
    let child = 2 * parent + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBetter(heap[child] as number, heap[child + 1] as number)) child++;
    const below = heap[child] as number;
    if (isBetter(below, row)) break;
    heap[parent] = below;
    parent = child;
  }
  heap[parent] = row;
}
