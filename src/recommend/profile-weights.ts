/** How much each interaction of a profile counts: by what was done, and by how many were done since. */

import { SIGNAL_WEIGHT, type Signal } from "../events/model.ts";

/** Interactions of a profile that count. */
export const PROFILE_LENGTH = 50;

/** What each signal weighs: above 0. */
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

/** One thing that a policy wants of interactions; what several make of a profile is summed. */
export interface Objective {
  /** Beside the other objectives. */
  readonly weight: number;
  readonly signalWeights: SignalWeights;
  /** Interactions after which one counts half. */
  readonly halfLife: number;
}

export interface Recent {
  /** Slots, newest first; an item stands there once for each interaction. */
  readonly slots: ArrayLike<number>;
  /** Aligned with `slots`: the signals by their `SIGNAL_WEIGHT`. */
  readonly weights: ArrayLike<number>;
}

export interface WeighedProfile {
  /** The newest, at most `PROFILE_LENGTH`, newest first. */
  readonly slots: ArrayLike<number>;
  /** Aligned with `slots`: sum over objectives of weight * log2(1 + signal weight) * 2^(-j / half-life) for the j-th newest. */
  readonly factors: Float64Array;
  /** What `factors` would be on average if nothing faded. */
  readonly meanEmphasis: number;
  /** Who weighed: the same weighs the same profile alike. */
  readonly by: Weigher;
}

export class Weigher {
  readonly #objectives: readonly { readonly emphasis: Float64Array; readonly fading: number }[];

  constructor(objectives: readonly Objective[]) {
    this.#objectives = objectives.map(({ weight, signalWeights, halfLife }) => ({
      emphasis: emphasisBy(signalWeights).map((each) => weight * each),
      fading: 0.5 ** (1 / halfLife),
    }));
  }

  weigh({ slots, weights }: Recent): WeighedProfile {
    const length = Math.min(slots.length, PROFILE_LENGTH);
    const factors = new Float64Array(length);
    let sum = 0;
    for (const { emphasis, fading } of this.#objectives) {
      let faded = 1;
      for (let place = 0; place < length; place++) {
        const each = emphasis[weights[place] as number] as number;
        factors[place] = (factors[place] as number) + each * faded;
        faded *= fading;
        sum += each;
      }
    }
    return { slots, factors, meanEmphasis: sum / length, by: this };
  }
}

/** The newest of `slots` and of the weights of their signals, both oldest first. */
export const recentOf = (slots: Int32Array, weights: Uint8Array): Recent => ({
  slots: slots.slice(-PROFILE_LENGTH).reverse(),
  weights: weights.slice(-PROFILE_LENGTH).reverse(),
});
