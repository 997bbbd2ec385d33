/** The newest interactions of a profile, and how much each counts by what kind of interaction it was. */

import { SIGNAL_WEIGHT, type Signal } from "../events/model.ts";

/** Interactions of a profile that count. */
export const PROFILE_LENGTH = 50;

/** What each signal weighs in the profiles of a policy: above 0. */
export type SignalWeights = Readonly<Record<Signal, number>>;

export const EQUAL_SIGNALS: SignalWeights = { view: 1, click: 1, purchase: 1 };

/** By `SIGNAL_WEIGHT`, which names a signal in columns: log2(1 + what the signal weighs here), so that 1 counts 1. */
export function emphasisBy(weights: SignalWeights): Float64Array {
  const emphasis = new Float64Array(Math.max(...Object.values(SIGNAL_WEIGHT)) + 1);
  for (const [signal, weight] of Object.entries(SIGNAL_WEIGHT)) {
    emphasis[weight] = Math.log2(1 + weights[signal as Signal]);
  }
  return emphasis;
}

export interface Recent {
  /** Slots, newest first; an item stands there once for each interaction. */
  readonly slots: ArrayLike<number>;
  /** Aligned with `slots`: the signals by their `SIGNAL_WEIGHT`. */
  readonly weights: ArrayLike<number>;
}

/** The newest of `slots` and of the weights of their signals, both oldest first. */
export const recentOf = (slots: Int32Array, weights: Uint8Array): Recent => ({
  slots: slots.slice(-PROFILE_LENGTH).reverse(),
  weights: weights.slice(-PROFILE_LENGTH).reverse(),
});
