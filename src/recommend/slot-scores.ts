/** What one source gives to items, by slot: dense and sparse at once, so that nothing is cleared but what was written. */

import { nthLargest } from "./bounded-select.ts";
import type { CandidateSet } from "./candidate-set.ts";

const BUCKETS = 256;

export class SlotScores {
  /** 0 where the source says nothing. */
  values = new Float32Array(0);
  /** Slots that have a score, in order of the first one. */
  touched = new Int32Array(0);
  count = 0;
  #sorted = new Float64Array(0);
  #near = new Float64Array(0);
  readonly #sizes = new Int32Array(BUCKETS);

  /** Makes room for `slots` slots. */
  reserve(slots: number): void {
    if (this.values.length >= slots) return;
    this.clear();
    this.values = new Float32Array(slots * 2);
    this.touched = new Int32Array(slots * 2);
    this.#sorted = new Float64Array(slots * 2);
    this.#near = new Float64Array(slots * 2);
  }

  /** `value` is above 0. */
  add(slot: number, value: number): void {
    const before = this.values[slot] as number;
    if (before === 0) this.touched[this.count++] = slot;
    this.values[slot] = before + value;
  }

  /** Adds `factor` times the weight of each entry from `from` until `to`, until what is added falls below `least`. */
  addEntries(
    items: Int32Array,
    weights: Float32Array,
    from: number,
    to: number,
    factor: number,
    least: number,
    slots: Int32Array,
  ): void {
    const { values, touched } = this;
    let count = this.count;
    for (let entry = from; entry < to; entry++) {
      const added = factor * (weights[entry] as number);
      if (added < least) break;
      const slot = slots[items[entry] as number] as number;
      const before = values[slot] as number;
      if (before === 0) touched[count++] = slot;
      values[slot] = before + added;
    }
    this.count = count;
  }

  /** Adds `factor` times the share of each slot, until what is added falls below `least`; shares of 0 say nothing. */
  addList(slots: Int32Array, shares: Float32Array, factor: number, least: number): void {
    const { values, touched } = this;
    let count = this.count;
    for (let place = 0; place < slots.length; place++) {
      const added = factor * (shares[place] as number);
      if (added < least) break;
      if (added <= 0) continue;
      const slot = slots[place] as number;
      const before = values[slot] as number;
      if (before === 0) touched[count++] = slot;
      values[slot] = before + added;
    }
    this.count = count;
  }

  /**
   * Makes the `limit` best of the items that are wanted candidates; of equal ones those that came first. What the user
   * took and the caller excludes loses its score.
   */
  addBest(candidates: CandidateSet, limit: number): void {
    const { values, touched, count } = this;
    const { hidesAny } = candidates;
    candidates.strike(values);
    const wanted = this.#sorted;
    let length = 0;
    let most = 0;
    for (let place = 0; place < count; place++) {
      const slot = touched[place] as number;
      const value = hidesAny && candidates.isHidden(slot) ? 0 : (values[slot] as number);
      if (value > most) most = value;
      if (value > 0) length++;
      wanted[place] = value;
    }
    const { threshold, equals } =
      length > limit ? this.#nth(count, limit, most) : { threshold: 0, equals: 0 };
    let left = equals;
    for (let place = 0; place < count; place++) {
      const value = wanted[place] as number;
      if (value > threshold || (value === threshold && value > 0 && left-- > 0))
        candidates.add(touched[place] as number);
    }
  }

  /**
   * The `limit`-th largest of the first `count` numbers that are laid out, and how many equal to it belong to the best.
   * A count by size finds the few numbers among which it is, since a search among all would cost more than the scores.
   */
  #nth(count: number, limit: number, most: number): { threshold: number; equals: number } {
    const wanted = this.#sorted;
    const scale = (BUCKETS - 1) / most;
    const sizes = this.#sizes.fill(0);
    for (let place = 0; place < count; place++) {
      const bucket = ((wanted[place] as number) * scale) | 0;
      sizes[bucket] = (sizes[bucket] as number) + 1;
    }
    let bucket = BUCKETS - 1;
    let left = limit;
    for (; (sizes[bucket] as number) < left; bucket--) left -= sizes[bucket] as number;
    const near = this.#near;
    let length = 0;
    for (let place = 0; place < count; place++) {
      const value = wanted[place] as number;
      if (((value * scale) | 0) === bucket) near[length++] = value;
    }
    const threshold = nthLargest(near, length, left);
    let above = 0;
    for (let place = 0; place < length; place++) if ((near[place] as number) > threshold) above++;
    return { threshold, equals: left - above };
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
