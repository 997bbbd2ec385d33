/** Finds how much each source counts: one weight after the other on a grid, as long as that helps. */

import type { SourceName } from "../recommend/ranked-list.ts";
import type { BlendWeights } from "../recommend/trained-model.ts";
import { ndcg } from "./ndcg.ts";

/** One validation question with all that a blend of it needs. */
export interface BlendSheet {
  /** Candidates with the right one among them. */
  readonly size: number;
  readonly target: number;
  /** Whose question it is: the questions of one user are alike. */
  readonly user: number;
  /** Per source, in the order of `sources`: what it gave each candidate, spread over 0 to 1. */
  readonly shares: readonly Float32Array[];
}

export interface BlendProblem {
  readonly sources: readonly SourceName[];
  /** Those in which some candidate is right; no blend finds the others. */
  readonly sheets: readonly BlendSheet[];
  /** With those others. */
  readonly questions: number;
}

export interface FoundBlend {
  readonly weights: BlendWeights;
  readonly ndcg: number;
  readonly tried: number;
}

const GRID = Array.from({ length: 11 }, (_, step) => step / 10);
const MAX_ROUNDS = 4;
/** A source is taken in only for a gain that is not mere chance of the questions. */
const LEAST_GAIN = 1.001;
/** What adds less than half a percent is left out again: every source costs every answer its time. */
const WORTH_KEEPING = 0.995;
const DEPTH = 10;

/** Starts from `defaults` and from each source alone, so that the blend is no worse than any of them. */
export function searchBlend(problem: BlendProblem, defaults: BlendWeights): FoundBlend {
  const { sources } = problem;
  const starts = [
    sources.map((name) => defaults[name] ?? 0),
    ...sources.map((_, alone) => sources.map((__, place) => (place === alone ? 1 : 0))),
  ];
  let tried = 0;
  let weights = starts[0] as readonly number[];
  let ndcg = Number.NEGATIVE_INFINITY;
  /** Takes the best of some values of one weight, if it is better than what there is. */
  const move = (from: readonly number[], place: number, values: readonly number[]) => {
    tried += values.length;
    for (const [step, found] of alongOne(problem, from, place, values).entries()) {
      if (found <= ndcg * LEAST_GAIN && ndcg > Number.NEGATIVE_INFINITY) continue;
      ndcg = found;
      weights = from.with(place, values[step] as number);
    }
  };
  for (const start of starts) move(start, 0, [start[0] as number]);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = ndcg;
    for (let place = 0; place < sources.length; place++) {
      const others = weights.some((weight, at) => at !== place && weight > 0);
      move(weights, place, others ? GRID : GRID.slice(1));
    }
    if (ndcg <= before) break;
  }
  const floor = ndcg * WORTH_KEEPING;
  for (let place = 0; place < sources.length; place++) {
    if (!weights.some((weight, at) => at !== place && weight > 0) || weights[place] === 0) continue;
    tried++;
    const [without = 0] = alongOne(problem, weights, place, [0]);
    if (without < floor) continue;
    weights = weights.with(place, 0);
    ndcg = without;
  }
  return { weights: named(sources, weights), ndcg, tried };
}

/** Mean NDCG@10 for each of `values` as the weight of one source, the other weights staying as they are. */
function alongOne(
  { sheets, questions }: BlendProblem,
  weights: readonly number[],
  place: number,
  values: readonly number[],
): Float64Array {
  const sums = new Float64Array(values.length);
  let others = new Float64Array(0);
  for (const { size, target, shares } of sheets) {
    if (others.length < size) others = new Float64Array(size);
    others.fill(0, 0, size);
    for (const [at, weight] of weights.entries()) {
      if (at !== place && weight > 0) addScaled(others, shares[at] as Float32Array, weight, size);
    }
    const own = shares[place] as Float32Array;
    for (let step = 0; step < values.length; step++) {
      sums[step] = (sums[step] as number) + gainOf(others, own, values[step] as number, size, target);
    }
  }
  return sums.map((sum) => (questions > 0 ? sum / questions : 0));
}

function addScaled(into: Float64Array, from: Float32Array, weight: number, size: number): void {
  for (let row = 0; row < size; row++) into[row] = (into[row] as number) + weight * (from[row] as number);
}

/** NDCG@10 of the one right candidate, ties by mean rank, as the evaluation counts it. */
function gainOf(
  others: Float64Array,
  own: Float32Array | Float64Array,
  weight: number,
  size: number,
  target: number,
): number {
  const score = (others[target] as number) + weight * (own[target] as number);
  let above = 0;
  let equal = 0;
  for (let row = 0; row < size; row++) {
    const each = (others[row] as number) + weight * (own[row] as number);
    if (each > score) {
      if (++above === DEPTH) return 0;
    } else if (each === score) equal++;
  }
  const rank = above + (1 + equal) / 2;
  return ndcg(rank, DEPTH);
}

/** What a blend gives each sheet: NDCG@10 of its question. */
export function gainsOf({ sources, sheets }: BlendProblem, weights: BlendWeights): Float64Array {
  const scores = new Float64Array(sheets.reduce((most, { size }) => Math.max(most, size), 0));
  return Float64Array.from(sheets, ({ size, target, shares }) => {
    scores.fill(0, 0, size);
    for (const [at, name] of sources.entries()) {
      const weight = weights[name] ?? 0;
      if (weight > 0) addScaled(scores, shares[at] as Float32Array, weight, size);
    }
    return gainOf(scores, scores, 0, size, target);
  });
}

/** Sources that count, their weights adding up to 1. */
function named(sources: readonly SourceName[], weights: readonly number[]): BlendWeights {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const counting = sources.flatMap((name, place) => {
    const weight = weights[place] as number;
    return weight > 0 ? [[name, Math.round((1_000 * weight) / total) / 1_000] as const] : [];
  });
  return Object.fromEntries(counting);
}
