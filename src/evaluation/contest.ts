/**
 * A contest between what serves and what training would put in its place: both are asked what users took next, about
 * events that neither has learned from.
 */

import { type TrainOptions, train } from "../models/train.ts";
import type { TrainingLog } from "../models/training-log.ts";
import { cutAt, timeAtShare, type ValidationQuestion } from "../models/validation.ts";
import type { BuiltinVersion } from "../recommend/recommender.ts";
import type { TrainedModel } from "../recommend/trained-model.ts";
import { type ClusteredSums, sumsByCluster } from "./bootstrap.ts";
import { type Comparison, columnName, compare } from "./compare.ts";
import { Contestants } from "./contestants.ts";
import { meanRank } from "./mean-rank.ts";
import { RANK_METRICS } from "./metrics.ts";
import { MAIN_METRIC } from "./tables.ts";
import { TRAINED } from "./trained-models.ts";

/** What serves. */
export type Incumbent =
  | { readonly kind: "builtin"; readonly name: BuiltinVersion }
  /** `learnedToMs`: time of the newest event that the run has learned from. */
  | { readonly kind: "run"; readonly model: TrainedModel; readonly learnedToMs: number };

/** What came of it, as a run's manifest keeps it: NDCG@10 and its difference with a 95 % interval. */
export interface ContestFigures {
  readonly opponent: string;
  readonly questions: number;
  readonly users: number;
  readonly ndcg_at_10: number;
  readonly opponent_ndcg_at_10: number;
  readonly diff: number;
  readonly ci_low: number;
  readonly ci_high: number;
}

export interface Contest extends Comparison {
  readonly figures: ContestFigures;
}

/** Share of all events that a candidate learns from. */
const TRAINING_SHARE = 0.8;
/** Of what happened since the incumbent was trained: the candidate is to profit from newer events, and be asked about newer ones still. */
const NEWER_SHARE = 0.5;
/** Questions beyond this number are passed over evenly. */
const MAX_QUESTIONS = 4_000;
/** Fewer say nothing, whatever interval they give. */
const MIN_QUESTIONS = 50;

/**
 * The candidate is trained on what lies before the cut, by the recipe of the run that may take over. Null: too little has
 * happened that both could be asked about.
 */
export function holdContest(log: TrainingLog, incumbent: Incumbent, options: TrainOptions): Contest | null {
  const { fit, questions } = cutAt(log, cutFor(log, incumbent), MAX_QUESTIONS);
  if (questions.length < MIN_QUESTIONS || fit.items.length === 0) return null;
  const { model } = train(fit, options);
  const contestants = new Contestants(log.itemIds, fit, options.halfLifeHours);
  const models = contestants.all({
    [TRAINED]: model,
    ...(incumbent.kind === "run" && runOf(incumbent.model)),
  });
  const opponent = incumbent.kind === "run" ? incumbent.model.runId : incumbent.name;
  const ranks = models.map(({ rank }) => questions.map((question) => rankOf(log, question, rank)));
  const names = models.map(({ name }) => name);
  const clustered = sumsOf(questions, names, ranks);
  const compared = compare(
    clustered,
    names,
    RANK_METRICS.map(({ name }) => name),
    TRAINED,
  );
  return { ...compared, figures: figuresOf(compared, opponent, questions.length, clustered.counts.length) };
}

const runOf = (model: TrainedModel) => ({ [model.runId]: model });

/** A run that has seen past the usual cut would be asked what it knows by heart, so the cut comes after that. */
function cutFor({ tsMs }: TrainingLog, incumbent: Incumbent): number {
  const usualMs = timeAtShare(tsMs, TRAINING_SHARE);
  if (incumbent.kind === "builtin" || incumbent.learnedToMs < usualMs) return usualMs;
  const newer = tsMs.filter((atMs) => atMs > incumbent.learnedToMs);
  return newer.length > 0 ? timeAtShare(newer, NEWER_SHARE) : Number.POSITIVE_INFINITY;
}

type Rank = ReturnType<Contestants["all"]>[number]["rank"];

function rankOf(log: TrainingLog, { event, userStart }: ValidationQuestion, rank: Rank): number {
  const target = log.itemIds[log.items[event] as number] as string;
  return meanRank(rank(log.items.subarray(userStart, event), log.weights.subarray(userStart, event)), target);
}

function sumsOf(
  questions: readonly ValidationQuestion[],
  names: readonly string[],
  ranks: readonly (readonly number[])[],
): ClusteredSums {
  const columns = names.flatMap((model, place) =>
    RANK_METRICS.map(({ name, of }) => {
      const own = ranks[place] as readonly number[];
      return [columnName(model, name), (index: number) => of(own[index] as number)] as const;
    }),
  );
  return sumsByCluster(
    questions.map(({ user }) => user),
    new Map(columns),
  );
}

function figuresOf(
  { rows, paired }: Comparison,
  opponent: string,
  questions: number,
  users: number,
): ContestFigures {
  const value = (model: string) =>
    rows.find((row) => row.model === model && row.metric === MAIN_METRIC)?.value ?? 0;
  const pair = paired.find((row) => row.b === opponent && row.metric === MAIN_METRIC);
  if (pair === undefined) throw new Error(`${opponent} took no part`);
  return {
    opponent,
    questions,
    users,
    ndcg_at_10: value(TRAINED),
    opponent_ndcg_at_10: value(opponent),
    diff: pair.diff,
    ci_low: pair.ci_low,
    ci_high: pair.ci_high,
  };
}
