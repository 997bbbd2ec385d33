/**
 * Short lists of numbers with weights, by slot, kept in one stretch of memory.
 *
 * An answer reads five lists that no answer before it read. As objects each would be a dozen walks to far memory; here it is three.
 */

import { LIKEST } from "./new-item-scores.ts";

/** Lists that are kept; with more all are made anew. */
const MAX_LISTS = 20_000;
const FIRST_ROOM = 256;
/** Numbers a list: version, length, entries and their weights, in two lines of a processor's cache. */
const STRIDE = 32;
const LENGTH = 1;
const ENTRIES = 2;
const WEIGHTS = ENTRIES + LIKEST;

export class KeptLists<Mark> {
  /** By slot: the list's place from 1; 0 where there is none. */
  #places = new Int32Array(0);
  #room = FIRST_ROOM;
  #numbers = new Int32Array(FIRST_ROOM * STRIDE);
  #weights = new Float32Array(this.#numbers.buffer);
  /** By place: what the list was made from. */
  #marks: Mark[] = [];
  #count = 0;

  clear(): void {
    this.#places.fill(0);
    this.#marks = [];
    this.#count = 0;
  }

  /** Where the list of this slot stands, or -1. */
  find(slot: number): number {
    return (this.#places[slot] ?? 0) - 1;
  }

  markOf(place: number): Mark {
    return this.#marks[place] as Mark;
  }

  /** In which version of what lists are made from this one was last found right. */
  versionOf(place: number): number {
    return this.#numbers[place * STRIDE] as number;
  }

  setVersion(place: number, version: number): void {
    this.#numbers[place * STRIDE] = version;
  }

  /** Keeps a list of at most `LIKEST` entries in the place of the one before it. Where it stands. */
  keep(slot: number, entries: Int32Array, weights: Float32Array, mark: Mark): number {
    let place = this.find(slot);
    if (place < 0) place = this.#newPlace(slot);
    const from = place * STRIDE;
    this.#numbers[from + LENGTH] = entries.length;
    this.#numbers.set(entries, from + ENTRIES);
    this.#weights.set(weights, from + WEIGHTS);
    this.#marks[place] = mark;
    return place;
  }

  lengthOf(place: number): number {
    return this.#numbers[place * STRIDE + LENGTH] as number;
  }

  entryAt(place: number, at: number): number {
    return this.#numbers[place * STRIDE + ENTRIES + at] as number;
  }

  weightAt(place: number, at: number): number {
    return this.#weights[place * STRIDE + WEIGHTS + at] as number;
  }

  #newPlace(slot: number): number {
    if (this.#count === MAX_LISTS) this.clear();
    if (slot >= this.#places.length) {
      const grown = new Int32Array(2 * (slot + 1));
      grown.set(this.#places);
      this.#places = grown;
    }
    if (this.#count === this.#room) {
      this.#room *= 2;
      const grown = new Int32Array(this.#room * STRIDE);
      grown.set(this.#numbers);
      this.#numbers = grown;
      this.#weights = new Float32Array(grown.buffer);
    }
    this.#places[slot] = this.#count + 1;
    return this.#count++;
  }
}
