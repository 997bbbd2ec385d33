/** A profile as the fold-in reads it: each item once, and how much its interactions count together. */

import { FOLD_IN_ROWS } from "./fold-in.ts";
import type { ItemFactors } from "./item-factors.ts";
import type { TrainedInput } from "./trained-input.ts";

export class ProfileRows {
  /** Places of the items among the factors, newest first. */
  readonly places = new Int32Array(FOLD_IN_ROWS);
  /**
   * The sum of the factors of the interactions with the item, beside the mean of the profile's emphasis: the model, too, was learned with
   * confidences of 1 on average.
   */
  readonly confidences = new Float64Array(FOLD_IN_ROWS);
  count = 0;

  /** Items that the model does not know are passed over. */
  follow(factors: ItemFactors, { placed: { numbers }, recent }: TrainedInput): void {
    const { slots, factors: weights, meanEmphasis } = recent;
    this.count = 0;
    for (let newest = 0; newest < weights.length; newest++) {
      const number = numbers[slots[newest] as number] ?? -1;
      const confidence = (weights[newest] as number) / meanEmphasis;
      if (number >= 0) this.#take(factors.places[number] as number, confidence);
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
