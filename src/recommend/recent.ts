/** The newest interactions of a profile, and how much each counts by what kind of interaction it was. */

import { SIGNAL_WEIGHT } from "../events/model.ts";

/** Interactions of a profile that count. */
export const PROFILE_LENGTH = 50;

const HEAVIEST = Math.max(...Object.values(SIGNAL_WEIGHT));

/** What an interaction counts by the weight of its signal: log2(1 + weight), so that a view counts 1. */
export const EMPHASIS = Float64Array.from({ length: HEAVIEST + 1 }, (_, weight) => Math.log2(1 + weight));

export interface Recent {
  /** Slots, newest first; an item stands there once for each interaction. */
  readonly slots: ArrayLike<number>;
  /** Aligned with `slots`: weights of the signals. */
  readonly weights: ArrayLike<number>;
}

/** The newest of `slots` and of the weights of their signals, both oldest first. */
export const recentOf = (slots: Int32Array, weights: Uint8Array): Recent => ({
  slots: slots.slice(-PROFILE_LENGTH).reverse(),
  weights: weights.slice(-PROFILE_LENGTH).reverse(),
});
