/**
 * What a policy would have brought, from slates that another one served. All figures are means over shown items.
 *
 * `ips`: inverse propensity scoring (Horvitz and Thompson 1952), the mean of weight * reward. `snips`: the same,
 * divided by the mean weight instead of by what that should be (Swaminathan and Joachims 2015), position by position.
 * `dr`: doubly robust (Dudik, Langford and Li 2011): what the direct model foresees of the policy's own slates, and the
 * weighted error of the model on the served ones. `served`: what the slates brought as they were.
 */

import type { Random } from "../../core/random.ts";
import { type ClusteredSums, type Interval, intervalOf, meanOf, resampledMeans } from "../bootstrap.ts";
import { DirectModel } from "./direct-model.ts";
import { importanceWeights } from "./importance-weights.ts";
import type { LoggedSlate, Reward } from "./logged-slate.ts";

export const ESTIMATORS = ["served", "ips", "snips", "dr"] as const;
export type Estimator = (typeof ESTIMATORS)[number];

export interface Estimate extends Interval {
  readonly value: number;
}

export interface EstimateOptions {
  /** Larger weights are cut off. */
  readonly weightCap: number;
  /** Draws of users behind each interval. */
  readonly resamples: number;
  readonly random: Random;
}

/** Users are drawn in groups when there are more: that is as good, and costs less. */
const MAX_GROUPS = 500;

/** There must be at least one shown item. */
export function estimate(
  slates: readonly LoggedSlate[],
  reward: Reward,
  { weightCap, resamples, random }: EstimateOptions,
): Readonly<Record<Estimator, Estimate>> {
  const { sums, positions } = sumsByGroup(slates, reward, weightCap);
  const { counts, columns } = sums;
  const points = figures(positions, 1, (name) =>
    Float64Array.of(meanOf(columns.get(name) as Float64Array, counts)),
  );
  const resampled = resampledMeans(sums, resamples, random);
  const draws = figures(positions, resamples, (name) => resampled.get(name) as Float64Array);
  return Object.fromEntries(
    ESTIMATORS.map((name) => [name, { value: points[name][0] as number, ...intervalOf(draws[name]) }]),
  ) as Record<Estimator, Estimate>;
}

const at = (name: "weighted" | "weight" | "shown", position: number) => `${name} at ${position}`;

/** Each estimator from the means of the columns, once for each of `length` draws. */
function figures(
  positions: number,
  length: number,
  column: (name: string) => Float64Array,
): Readonly<Record<Estimator, Float64Array>> {
  const shown = column("shown");
  const perItem = (name: string) => column(name).map((mean, draw) => mean / (shown[draw] as number));
  const snips = new Float64Array(length);
  const supported = new Float64Array(length);
  for (let position = 0; position < positions; position++) {
    const [weighted, weight, here] = [
      column(at("weighted", position)),
      column(at("weight", position)),
      column(at("shown", position)),
    ];
    for (let draw = 0; draw < length; draw++) {
      // Where no slate agrees nothing is known of the position, which then counts in neither sum.
      if (weight[draw] === 0) continue;
      const mean = (weighted[draw] as number) / (weight[draw] as number);
      snips[draw] = (snips[draw] as number) + mean * (here[draw] as number);
      supported[draw] = (supported[draw] as number) + (here[draw] as number);
    }
  }
  return {
    served: perItem("brought"),
    ips: perItem("weighted"),
    snips: snips.map((sum, draw) => (supported[draw] === 0 ? 0 : sum / (supported[draw] as number))),
    dr: perItem("doubly robust"),
  };
}

function sumsByGroup(
  slates: readonly LoggedSlate[],
  reward: Reward,
  weightCap: number,
): { readonly sums: ClusteredSums; readonly positions: number } {
  const users = [...new Set(slates.map(({ userId }) => userId))].sort();
  const placeOf = new Map(users.map((userId, place) => [userId, place]));
  const placeOfSlate = slates.map(({ userId }) => placeOf.get(userId) as number);
  const groups = Math.min(users.length, MAX_GROUPS);
  const counts = new Float64Array(groups);
  const columns = new Map<string, Float64Array>();
  const add = (name: string, group: number, value: number) => {
    const sums = columns.get(name) ?? new Float64Array(groups);
    columns.set(name, sums);
    sums[group] = (sums[group] as number) + value;
  };
  const models = crossFitted(slates, placeOfSlate, reward);
  let positions = 0;
  for (const [index, slate] of slates.entries()) {
    const place = placeOfSlate[index] as number;
    const group = place % groups;
    const model = models[place % 2] as DirectModel;
    const weights = importanceWeights(slate, weightCap);
    counts[group] = (counts[group] as number) + 1;
    positions = Math.max(positions, slate.shown.length);
    for (const [position, item] of slate.shown.entries()) {
      const [weight, brought] = [weights[position] as number, reward(item)];
      const instead = slate.target[position];
      const foreseen = instead === undefined ? 0 : model.foresee(instead, position);
      add("shown", group, 1);
      add("brought", group, brought);
      add("weighted", group, weight * brought);
      add("doubly robust", group, foreseen + weight * (brought - model.foresee(item.itemId, position)));
      add(at("shown", position), group, 1);
      add(at("weight", position), group, weight);
      add(at("weighted", position), group, weight * brought);
    }
  }
  return { sums: { counts, columns }, positions };
}

/** By half of the users that a model is asked about: learned from the other half, whose luck its errors do not share. */
function crossFitted(
  slates: readonly LoggedSlate[],
  placeOfSlate: readonly number[],
  reward: Reward,
): readonly DirectModel[] {
  const half = (rest: number) => slates.filter((_, index) => (placeOfSlate[index] as number) % 2 === rest);
  const [even, odd] = [half(0), half(1)];
  // Of a single user there is no other half.
  return [new DirectModel(odd.length > 0 ? odd : even, reward), new DirectModel(even, reward)];
}
