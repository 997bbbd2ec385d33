/** Questions about the last events of a training log, asked of models that saw only what came before. */

import { sessionStarts } from "./sessions.ts";
import { headsOf, type TrainingLog, userCount } from "./training-log.ts";

/** Share of all events that models of the validation learn from. */
const FIT_SHARE = 0.8;
/** Questions to choose settings by: more would cost time and say little more. */
const MAX_QUESTIONS = 2_000;

/** What does this user take next? Everything before event `event` of the log is known. */
export interface ValidationQuestion {
  readonly event: number;
  readonly user: number;
  /** First event of the user. */
  readonly userStart: number;
  /** First event of the session that the event belongs to. */
  readonly sessionStart: number;
}

export interface Validation {
  /** What the models learn from. */
  readonly fit: TrainingLog;
  readonly questions: readonly ValidationQuestion[];
}

/** The slice on which settings are chosen. */
export const validationOf = (log: TrainingLog): Validation =>
  cutAt(log, timeAtShare(log.tsMs, FIT_SHARE), MAX_QUESTIONS);

/** Time of the event that has this share of all events before it; 0 without events. */
export const timeAtShare = (tsMs: Float64Array, share: number): number =>
  tsMs.toSorted()[Math.floor(tsMs.length * share)] ?? 0;

/**
 * Cut in time, as the evaluation does: what comes from `cutMs` on nobody knew. Questions beyond `maxQuestions` are passed
 * over evenly.
 */
export function cutAt(log: TrainingLog, cutMs: number, maxQuestions: number): Validation {
  const users = userCount(log);
  const lengths = new Int32Array(users);
  const begins = sessionStarts(log);
  const questions: ValidationQuestion[] = [];
  for (let user = 0; user < users; user++) {
    const userStart = log.starts[user] as number;
    for (let event = userStart; event < (log.starts[user + 1] as number); event++) {
      if ((log.tsMs[event] as number) < cutMs) lengths[user] = event - userStart + 1;
      else if (event > userStart) {
        questions.push({ event, user, userStart, sessionStart: begins[event] as number });
      }
    }
  }
  return { fit: headsOf(log, lengths), questions: thinned(questions, maxQuestions) };
}

/** Evenly, where there are more. */
export function thinned<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  const step = all.length / most;
  return Array.from({ length: most }, (_, place) => all[Math.floor(place * step)] as T);
}
