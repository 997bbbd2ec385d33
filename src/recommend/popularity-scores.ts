/** Decayed popularity by slot, made anew only when the popular list has changed. */

import type { CandidateSet } from "./candidate-set.ts";
import type { PopularityIndex } from "./popularity-index.ts";

export class PopularityScores {
  /** 0 for an item that is not among the most popular. */
  values = new Float32Array(0);
  #index: PopularityIndex | null = null;
  #version = -1;

  /** Reads `index` as it is now. */
  follow(index: PopularityIndex): void {
    const slots = index.table.size;
    if (this.#index === index && this.#version === index.version && this.values.length >= slots) return;
    if (this.values.length < slots) this.values = new Float32Array(slots * 2);
    else this.values.fill(0);
    for (let rank = 0; rank < index.size; rank++) this.values[index.slotAt(rank)] = index.scoreAt(rank);
    this.#index = index;
    this.#version = index.version;
  }

  /** Makes the `limit` most popular of the items that are wanted candidates. */
  addBest(index: PopularityIndex, candidates: CandidateSet, limit: number): void {
    let left = limit;
    for (let rank = 0; rank < index.size && left > 0; rank++) {
      const slot = index.slotAt(rank);
      if (candidates.isUnwanted(slot)) continue;
      candidates.add(slot);
      left--;
    }
  }
}
