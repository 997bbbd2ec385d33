/** What one source gives to items, by slot: dense and sparse at once, so that nothing is cleared but what was written. */

import { nthLargest } from "./bounded-select.ts";
import type { CandidateSet } from "./candidate-set.ts";

export class SlotScores {
  /** 0 where the source says nothing. */
  values = new Float32Array(0);
  /** Slots that have a score, in order of the first one. */
  touched = new Int32Array(0);
  count = 0;
  #sorted = new Float64Array(0);

  /** Makes room for `slots` slots. */
  reserve(slots: number): void {
    if (this.values.length >= slots) return;
    this.clear();
    this.values = new Float32Array(slots * 2);
    this.touched = new Int32Array(slots * 2);
    this.#sorted = new Float64Array(slots * 2);
  }

  /** `value` is above 0. */
  add(slot: number, value: number): void {
    const before = this.values[slot] as number;
    if (before === 0) this.touched[this.count++] = slot;
    this.values[slot] = before + value;
  }

  /** Adds `factor` times the weight of each entry from `from` until `to`. */
  addEntries(
    items: Int32Array,
    weights: Float32Array,
    from: number,
    to: number,
    factor: number,
    slots: Int32Array,
  ): void {
    const { values, touched } = this;
    let count = this.count;
    for (let entry = from; entry < to; entry++) {
      const slot = slots[items[entry] as number] as number;
      const before = values[slot] as number;
      if (before === 0) touched[count++] = slot;
      values[slot] = before + factor * (weights[entry] as number);
    }
    this.count = count;
  }

  /** Makes the `limit` best of the items that are wanted candidates; of equal ones those that came first. */
  addBest(candidates: CandidateSet, limit: number): void {
    const { values, touched } = this;
    const sorted = this.#sorted;
    let wanted = 0;
    for (let place = 0; place < this.count; place++) {
      const slot = touched[place] as number;
      if (!candidates.isUnwanted(slot)) sorted[wanted++] = values[slot] as number;
    }
    const threshold = wanted > limit ? nthLargest(sorted, wanted, limit) : 0;
    let equals = wanted > limit ? limit - countAbove(sorted, wanted, threshold) : 0;
    for (let place = 0; place < this.count; place++) {
      const slot = touched[place] as number;
      const value = values[slot] as number;
      if (value < threshold || candidates.isUnwanted(slot)) continue;
      if (value > threshold || equals-- > 0) candidates.add(slot);
    }
  }

  /** The `limit`-th largest score; 0 when there are fewer. */
  nthBest(limit: number): number {
    if (this.count <= limit) return 0;
    const sorted = this.#sorted;
    for (let place = 0; place < this.count; place++) {
      sorted[place] = this.values[this.touched[place] as number] as number;
    }
    return nthLargest(sorted, this.count, limit);
  }

  clear(): void {
    const { values, touched } = this;
    for (let place = 0; place < this.count; place++) values[touched[place] as number] = 0;
    this.count = 0;
  }
}

function countAbove(values: Float64Array, length: number, threshold: number): number {
  let above = 0;
  for (let place = 0; place < length; place++) if ((values[place] as number) > threshold) above++;
  return above;
}
