/** The slice of the training log on which settings are chosen: its last events, asked for one after the other. */

import { sessionStarts } from "./sessions.ts";
import { headsOf, type TrainingLog, userCount } from "./training-log.ts";

/** Share of all events that models of the validation learn from. */
const FIT_SHARE = 0.8;
/** Questions beyond this number are passed over evenly: they would cost time and say little more. */
const MAX_QUESTIONS = 2_000;

/** What does this user take next? Everything before event `event` of the log is known. */
export interface ValidationQuestion {
  readonly event: number;
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

/** Cut in time, as the evaluation does: what comes after nobody knew. */
export function validationOf(log: TrainingLog): Validation {
  const users = userCount(log);
  const cutMs = log.tsMs.toSorted()[Math.floor(log.tsMs.length * FIT_SHARE)] ?? 0;
  const lengths = new Int32Array(users);
  const begins = sessionStarts(log);
  const questions: ValidationQuestion[] = [];
  for (let user = 0; user < users; user++) {
    const userStart = log.starts[user] as number;
    for (let event = userStart; event < (log.starts[user + 1] as number); event++) {
      if ((log.tsMs[event] as number) < cutMs) lengths[user] = event - userStart + 1;
      else if (event > userStart) {
        questions.push({ event, userStart, sessionStart: begins[event] as number });
      }
    }
  }
  return { fit: headsOf(log, lengths), questions: thinned(questions) };
}

/** Evenly, where there are more. */
export function thinned<T>(all: readonly T[], most = MAX_QUESTIONS): readonly T[] {
  if (all.length <= most) return all;
  const step = all.length / most;
  return Array.from({ length: most }, (_, place) => all[Math.floor(place * step)] as T);
}
