/** Decides when the trainer trains, and whether what it made takes over. Pure. */

import type { Config } from "../config/config.ts";
import type { ContestFigures } from "../evaluation/contest.ts";

const MS_PER_DAY = 86_400_000;
/** 02:30 UTC, when most places sleep. */
const DAILY_AT_MS = 2.5 * 3_600_000;
/** Fewer new events would teach a model nothing. */
const MIN_NEW_EVENTS = 100;
/** Events that grow faster than by this share between two looks are being loaded: the rest is worth the wait. */
const LOADING_SHARE = 0.01;
/** With so many requests in an hour a canary can judge a run by what users do. */
export const CANARY_REQUESTS = 500;

/** Of a container's memory: the rest is for what serves there. */
const CONTAINER_SHARE = 0.5;

/** What a training may take; `containerBytes` is 0 where nothing but the machine limits it. */
export const trainingMemoryBytes = ({ trainer }: Pick<Config, "trainer">, containerBytes: number): number =>
  Math.min(trainer.memoryMaxBytes, CONTAINER_SHARE * (containerBytes || Number.POSITIVE_INFINITY));

export interface TrainingNeed {
  readonly nowMs: number;
  /** The newest run, and the highest row that it has read; null: none was ever trained. */
  readonly newestRun: { readonly createdAtMs: number; readonly watermark: number } | null;
  /** Highest row of `events`, now and at the look before; null: this is the first look. */
  readonly lastEventId: number;
  readonly previousEventId: number | null;
}

/** `first`: there was no run yet; `daily`: by the clock. Null: nothing to do. Whether data suffices is asked separately. */
export function dueTraining(need: TrainingNeed): "first" | "daily" | null {
  const { nowMs, newestRun, lastEventId, previousEventId } = need;
  if (newestRun !== null) {
    const isDue = newestRun.createdAtMs < lastScheduled(nowMs);
    return isDue && lastEventId - newestRun.watermark >= MIN_NEW_EVENTS ? "daily" : null;
  }
  if (lastEventId === 0 || previousEventId === null) return null;
  return lastEventId - previousEventId < lastEventId * LOADING_SHARE ? "first" : null;
}

/** The last time that the clock said so: a node that was down then makes up for it. */
function lastScheduled(nowMs: number): number {
  const midnightMs = nowMs - (nowMs % MS_PER_DAY);
  const todayMs = midnightMs + DAILY_AT_MS;
  return todayMs <= nowMs ? todayMs : todayMs - MS_PER_DAY;
}

export type KeptReason =
  | "nothing_to_compare_by"
  | "not_better"
  | "auto_promotion_off"
  | "needs_canary"
  | "serving_changed";

export interface PromotionCase {
  /** Null: too little has happened since what serves was trained. */
  readonly figures: ContestFigures | null;
  readonly autoPromote: boolean;
  readonly environmentClass: Config["environmentClass"];
  /** Answers of GET /reco on this tree. */
  readonly requestsLastHour: number;
  /** Somebody else moved a run into service since the contest. */
  readonly hasServingChanged: boolean;
}

/** Why the run does not take over by itself; null when it does. */
export function whyKept(promotion: PromotionCase): KeptReason | null {
  const { figures, autoPromote, environmentClass, requestsLastHour, hasServingChanged } = promotion;
  if (figures === null) return "nothing_to_compare_by";
  if (!isBetter(figures)) return "not_better";
  if (!autoPromote) return "auto_promotion_off";
  if (environmentClass !== "development" || requestsLastHour >= CANARY_REQUESTS) return "needs_canary";
  return hasServingChanged ? "serving_changed" : null;
}

/** Beyond what chance would explain. */
const isBetter = ({ ci_low }: ContestFigures) => ci_low > 0;
