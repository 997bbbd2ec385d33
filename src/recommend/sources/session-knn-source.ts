/**
 * Session kNN: what happened in past sessions that are like the present one.
 *
 * VSKNN (Ludewig and Jannach 2018): newer items of the session count more when sessions are compared. STAN (Garg et al.
 * 2019): so do newer sessions, and items near the place where the two sessions meet.
 */

import type { SessionIndex } from "../session-index.ts";
import { SlotScores } from "../slot-scores.ts";
import type { Source } from "./source.ts";

/** Newest distinct items that make the present session. */
const SESSION_LENGTH = 10;
/** Sessions that are looked at: the newest of each item, in equal parts. */
const SAMPLE = 500;
const NEIGHBOURS = 100;
/** How fast earlier items of the present session fade in STAN, in places. */
const STAN_PLACES = 1.04;
/** How fast items fade with their distance from the shared one in STAN, in places. */
const STAN_DISTANCE = 2.05;
/** Share of the time that the index spans after which a session counts 1/e in STAN. */
const STAN_AGE_SHARE = 0.5;
/** What each step back from the newest item takes from a session in VSKNN. */
const VSKNN_STEP = 0.1;

/** By distance in places, as far as any session is long. */
const NEARNESS = Float64Array.from({ length: 64 }, (_, places) => Math.exp(-places / STAN_DISTANCE));

export function sessionKnnSource(): Source {
  const likeness = new SlotScores();
  const present = new Int32Array(SESSION_LENGTH);
  return {
    name: "session_knn",
    score({ placed: { model, numbers, slots }, recent }, into) {
      const index = model.sessions;
      if (index === null) return;
      const length = newestDistinct(recent, numbers, present);
      if (length === 0) return;
      likeness.reserve(index.endMs.length);
      compare(index, present, length, likeness);
      const least = likeness.nthBest(NEIGHBOURS);
      for (let place = 0; place < likeness.count; place++) {
        const session = likeness.touched[place] as number;
        const value = likeness.values[session] as number;
        if (value >= least) addSession(index, session, value, present, length, slots, into);
      }
      likeness.clear();
    },
  };
}

/** Model numbers of the newest distinct items, newest first; items that the model does not know are passed over. */
function newestDistinct(recent: ArrayLike<number>, numbers: Int32Array, into: Int32Array): number {
  let length = 0;
  for (let place = 0; place < recent.length && length < into.length; place++) {
    const number = numbers[recent[place] as number] ?? -1;
    if (number >= 0 && into.subarray(0, length).indexOf(number) < 0) into[length++] = number;
  }
  return length;
}

function compare(index: SessionIndex, present: Int32Array, length: number, likeness: SlotScores): void {
  const { decay, itemStarts, sessions, starts } = index;
  const sample = Math.ceil(SAMPLE / length);
  for (let place = 0; place < length; place++) {
    const item = present[place] as number;
    const weight = decay === "stan" ? Math.exp(-place / STAN_PLACES) : 1 - place / length;
    const first = itemStarts[item] as number;
    const end = Math.min(itemStarts[item + 1] as number, first + sample);
    for (let at = first; at < end; at++) {
      const session = sessions[at] as number;
      const size = (starts[session + 1] as number) - (starts[session] as number);
      likeness.add(session, weight / Math.sqrt(size));
    }
  }
}

function addSession(
  index: SessionIndex,
  session: number,
  likeness: number,
  present: Int32Array,
  length: number,
  slots: Int32Array,
  into: SlotScores,
): void {
  const { decay, starts, items } = index;
  const first = starts[session] as number;
  const end = starts[session + 1] as number;
  const [step, meeting] = meetingPlace(items, first, end, present, length);
  const value =
    decay === "stan" ? likeness * freshness(index, session) : likeness * Math.max(0, 1 - step * VSKNN_STEP);
  if (value <= 0) return;
  for (let at = first; at < end; at++) {
    const near = decay === "stan" ? (NEARNESS[Math.abs(at - meeting)] ?? 0) : 1;
    into.add(slots[items[at] as number] as number, value * near);
  }
}

/** The newest item of the present session that is in the other one: steps back, and where it last stands there. */
function meetingPlace(
  items: Int32Array,
  first: number,
  end: number,
  present: Int32Array,
  length: number,
): readonly [step: number, place: number] {
  for (let step = 0; step < length; step++) {
    for (let at = end - 1; at >= first; at--) if (items[at] === present[step]) return [step, at];
  }
  return [length, first];
}

function freshness({ endMs }: SessionIndex, session: number): number {
  const newest = endMs[0] as number;
  const span = newest - (endMs[endMs.length - 1] as number);
  return span > 0 ? Math.exp(-(newest - (endMs[session] as number)) / (span * STAN_AGE_SHARE)) : 1;
}
