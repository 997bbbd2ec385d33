/** A profile as the fold-in reads it: each item once, and how much its interactions count together. */

import { FOLD_IN_ROWS } from "./fold-in.ts";
import type { ItemFactors } from "./item-factors.ts";
import { PROFILE_LENGTH, type TrainedInput } from "./trained-input.ts";

export class ProfileRows {
  /** Places of the items among the factors, newest first. */
  readonly places = new Int32Array(FOLD_IN_ROWS);
  /** The sum of 2^(-j / half-life) over the interactions with the item, the j-th newest of all each. */
  readonly confidences = new Float64Array(FOLD_IN_ROWS);
  count = 0;

  /** Items that the model does not know are passed over. */
  follow(factors: ItemFactors, { placed: { model, numbers }, recent }: TrainedInput): void {
    const fading = 0.5 ** (1 / model.profileHalfLife);
    const length = Math.min(recent.length, PROFILE_LENGTH);
    let factor = 1;
    this.count = 0;
    for (let newest = 0; newest < length; newest++) {
      const number = numbers[recent[newest] as number] ?? -1;
      if (number >= 0) this.#take(factors.places[number] as number, factor);
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
