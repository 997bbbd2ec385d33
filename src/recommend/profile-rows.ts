/** A profile as the fold-in reads it: each item once, and how much its interactions count together. */

import { FOLD_IN_ROWS } from "./fold-in.ts";
import type { ItemFactors } from "./item-factors.ts";
import { PROFILE_LENGTH } from "./recent.ts";
import type { TrainedInput } from "./trained-input.ts";

export class ProfileRows {
  /** Places of the items among the factors, newest first. */
  readonly places = new Int32Array(FOLD_IN_ROWS);
  /**
   * The sum of w_j * 2^(-j / half-life) over the interactions with the item, the j-th newest of all each. w_j is its emphasis beside the
   * mean of the profile's: the model, too, was learned with confidences of 1 on average.
   */
  readonly confidences = new Float64Array(FOLD_IN_ROWS);
  count = 0;

  /** Items that the model does not know are passed over. */
  follow(factors: ItemFactors, { placed: { model, numbers, emphasis }, recent }: TrainedInput): void {
    const fading = 0.5 ** (1 / model.profileHalfLife);
    const { slots, weights } = recent;
    const length = Math.min(slots.length, PROFILE_LENGTH);
    const mean = meanOf(emphasis, weights, length);
    let factor = 1;
    this.count = 0;
    for (let newest = 0; newest < length; newest++) {
      const number = numbers[slots[newest] as number] ?? -1;
      const confidence = (factor * (emphasis[weights[newest] as number] as number)) / mean;
      if (number >= 0) this.#take(factors.places[number] as number, confidence);
      factor *= fading;
    }
  }

  #take(place: number, confidence: number): void {
    for (let row = 0; row < this.count; row++) {
      if (this.places[row] !== place) continue;
      this.confidences[row] = (this.confidences[row] as number) + confidence;
      return;
    }
    this.places[this.count] = place;
    this.confidences[this.count++] = confidence;
  }
}

function meanOf(emphasis: Float64Array, weights: ArrayLike<number>, length: number): number {
  let sum = 0;
  for (let place = 0; place < length; place++) sum += emphasis[weights[place] as number] as number;
  return sum / length;
}
