/** The items that one answer chooses from, each once, without those that must not be in it. */

import { type HiddenSlots, NOTHING_HIDDEN } from "./hidden-items.ts";
import type { SlotList } from "./stream-v1.ts";

const FREE = 0;
const UNWANTED = 1;
const TAKEN = 2;

export class CandidateSet {
  readonly slots: Int32Array;
  count = 0;
  #marks = new Uint8Array(0);
  #unwanted: SlotList = [];
  #hidden: HiddenSlots = NOTHING_HIDDEN;
  #limit = 0;

  constructor(capacity: number) {
    this.slots = new Int32Array(capacity);
  }

  /** Begins an answer over `slots` slots with no more than `limit` candidates; -1 among the unwanted is no item. */
  begin(slots: number, unwanted: SlotList, hidden: HiddenSlots, limit: number): void {
    if (this.#marks.length < slots) this.#marks = new Uint8Array(slots * 2);
    this.count = 0;
    this.#unwanted = unwanted;
    this.#hidden = hidden;
    this.#limit = limit;
    for (let place = 0; place < unwanted.length; place++) {
      const slot = unwanted[place] as number;
      if (slot >= 0) this.#marks[slot] = UNWANTED;
    }
  }

  isUnwanted(slot: number): boolean {
    return this.#marks[slot] === UNWANTED || this.#hidden.has(slot);
  }

  /** Takes what must not be a candidate for this answer out of `values`, but for what is hidden. */
  strike(values: Float32Array): void {
    const unwanted = this.#unwanted;
    for (let place = 0; place < unwanted.length; place++) {
      const slot = unwanted[place] as number;
      if (slot >= 0) values[slot] = 0;
    }
  }

  get hidesAny(): boolean {
    return this.#hidden !== NOTHING_HIDDEN;
  }

  isHidden(slot: number): boolean {
    return this.#hidden.has(slot);
  }

  /** Makes room for `count` more than there may be so far. */
  widen(count: number): void {
    this.#limit = Math.min(this.slots.length, this.#limit + count);
  }

  /** Nothing happens when the item is there, was taken by the user, or there is no room. Hidden items must not come here. */
  add(slot: number): void {
    if (this.#marks[slot] !== FREE || this.count === this.#limit) return;
    this.#marks[slot] = TAKEN;
    this.slots[this.count++] = slot;
  }

  /** Ends the answer: no mark is left behind. */
  end(): void {
    for (let place = 0; place < this.#unwanted.length; place++) {
      const slot = this.#unwanted[place] as number;
      if (slot >= 0) this.#marks[slot] = FREE;
    }
    for (let row = 0; row < this.count; row++) this.#marks[this.slots[row] as number] = FREE;
    this.#unwanted = [];
  }
}
