/** Confidence intervals by resampling users: events of one user are alike, so that users are what is drawn. */

import type { Random } from "../core/random.ts";

/** Sums over the questions of each user: one per user, aligned with `counts`. */
export interface ClusteredSums {
  /** Questions of each user, at least 1. */
  readonly counts: Float64Array;
  /** Column -> sum of its values over each user's questions. */
  readonly columns: ReadonlyMap<string, Float64Array>;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

const CONFIDENCE = 0.95;

/** Adds up columns, given by question, over the questions of each cluster. Clusters stand in the order of their keys. */
export function sumsByCluster<Key extends string | number>(
  keys: readonly Key[],
  columns: ReadonlyMap<string, (index: number) => number>,
): ClusteredSums {
  const distinct = [...new Set(keys)].sort((a, b) => (a < b ? -1 : 1));
  const placeOf = new Map(distinct.map((key, place) => [key, place]));
  const places = keys.map((key) => placeOf.get(key) as number);
  const sum = (valueAt: (index: number) => number) => {
    const sums = new Float64Array(distinct.length);
    for (const [index, place] of places.entries()) sums[place] = (sums[place] as number) + valueAt(index);
    return sums;
  };
  return {
    counts: sum(() => 1),
    columns: new Map(Array.from(columns, ([name, valueAt]) => [name, sum(valueAt)])),
  };
}

/** Mean over all questions. */
export const meanOf = (sums: Float64Array, counts: Float64Array) => total(sums) / total(counts);

/**
 * Means of each column over `resamples` draws of as many users as there are, with replacement. All columns see the
 * same draws, so that the difference of two columns is that of a paired comparison.
 */
export function resampledMeans(
  { counts, columns }: ClusteredSums,
  resamples: number,
  random: Random,
): ReadonlyMap<string, Float64Array> {
  const users = counts.length;
  const means = new Map(Array.from(columns.keys(), (name) => [name, new Float64Array(resamples)]));
  const drawn = new Uint32Array(users);
  for (let resample = 0; resample < resamples; resample++) {
    drawn.fill(0);
    for (let draw = 0; draw < users; draw++) {
      const user = Math.floor(random.next() * users);
      drawn[user] = (drawn[user] as number) + 1;
    }
    const questions = dot(drawn, counts);
    for (const [name, sums] of columns) {
      (means.get(name) as Float64Array)[resample] = dot(drawn, sums) / questions;
    }
  }
  return means;
}

/** The middle 95 % of what resampling gave. */
export function intervalOf(values: Float64Array): Interval {
  const sorted = values.toSorted();
  const tail = (1 - CONFIDENCE) / 2;
  return { low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
}

/** Of the differences a - b in each resample. */
export const pairedInterval = (a: Float64Array, b: Float64Array): Interval =>
  intervalOf(a.map((value, resample) => value - (b[resample] as number)));

/** Between two values in proportion. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] as number;
  const above = sorted[Math.ceil(place)] as number;
  return below + (above - below) * (place - Math.floor(place));
}

function total(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

function dot(times: Uint32Array, values: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < times.length; index++)
    sum += (times[index] as number) * (values[index] as number);
  return sum;
}
