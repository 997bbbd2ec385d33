/** Decayed popularity: signal weights that fade by half each half-life, told apart by their distance from a fixed epoch. */

import { type Interaction, SIGNAL_WEIGHT } from "./model.ts";

/** 2020-01-01Z. Scores are on a log2 scale, so that the distance from it is an addend and never overflows. */
export const DECAY_EPOCH_MS = 1_577_836_800_000;

export const MS_PER_HOUR = 3_600_000;

/** item -> log2 of the sum of weight * 2^((event time - epoch) / half-life). Order changes it by rounding alone. */
export function decayedScores(
  interactions: readonly Interaction[],
  halfLifeHours: number,
): Map<string, number> {
  const scores = new Map<string, number>();
  for (const { itemId, signal, tsMs } of interactions) {
    const age = (tsMs - DECAY_EPOCH_MS) / (halfLifeHours * MS_PER_HOUR);
    const added = age + Math.log2(SIGNAL_WEIGHT[signal]);
    const score = scores.get(itemId);
    scores.set(itemId, score === undefined ? added : log2Sum(score, added));
  }
  return scores;
}

/** log2(2^a + 2^b). */
const log2Sum = (a: number, b: number) => Math.max(a, b) + Math.log1p(2 ** -Math.abs(a - b)) / Math.LN2;
