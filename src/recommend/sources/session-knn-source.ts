/**
 * Session kNN: what happened in past sessions that are like the present one.
 *
 * VSKNN (Ludewig and Jannach 2018): newer items of the session count more when sessions are compared. STAN (Garg et al.
 * 2019): so do newer sessions, and items near the place where the two sessions meet.
 */

import type { WeighedProfile } from "../profile-weights.ts";
import type { SessionIndex } from "../session-index.ts";
import { SlotScores } from "../slot-scores.ts";
import type { PlacedModel } from "../trained-model.ts";

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
/** By length; longer ones are calculated. */
const ROOTS = Float64Array.from({ length: 64 }, (_, length) => Math.sqrt(length));

/** What session kNN asks of an input. */
export interface SessionQuestion {
  readonly placed: Pick<PlacedModel, "model" | "numbers" | "slots">;
  readonly recent: Pick<WeighedProfile, "slots">;
}

export function sessionKnnSource() {
  const likeness = new SlotScores();
  const present = new Int32Array(SESSION_LENGTH);
  /** By model number: the place in the present session from 1, 0 for what is not in it. */
  let places = new Uint8Array(0);
  return {
    name: "session_knn" as const,
    score({ placed: { model, numbers, slots }, recent }: SessionQuestion, into: SlotScores): void {
      const index = model.sessions;
      if (index === null) return;
      const length = newestDistinct(recent.slots, numbers, present);
      if (length === 0) return;
      if (places.length < model.itemIds.length) places = new Uint8Array(model.itemIds.length);
      for (let place = 0; place < length; place++) places[present[place] as number] = place + 1;
      likeness.reserve(index.endMs.length);
      compare(index, present, length, likeness);
      const least = likeness.nthBest(NEIGHBOURS);
      const { touched, values, count } = likeness;
      for (let at = 0; at < count; at++) {
        const session = touched[at] as number;
        const value = values[session] as number;
        if (value >= least) addSession(index, session, value, places, slots, into);
      }
      for (let place = 0; place < length; place++) places[present[place] as number] = 0;
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
      likeness.add(session, weight / (ROOTS[size] ?? Math.sqrt(size)));
    }
  }
}

/** Any session that is compared shares an item with the present one. */
function addSession(
  index: SessionIndex,
  session: number,
  likeness: number,
  places: Uint8Array,
  slots: Int32Array,
  into: SlotScores,
): void {
  const { decay, starts, items } = index;
  const first = starts[session] as number;
  const end = starts[session + 1] as number;
  // The newest item of the present session that is in the other one, and where it last stands there.
  let newest = Number.POSITIVE_INFINITY;
  let meeting = first;
  for (let at = end - 1; at >= first; at--) {
    const place = places[items[at] as number] as number;
    if (place === 0 || place >= newest) continue;
    newest = place;
    meeting = at;
  }
  const isStan = decay === "stan";
  const value = likeness * (isStan ? freshness(index, session) : Math.max(0, 1 - (newest - 1) * VSKNN_STEP));
  if (value <= 0) return;
  for (let at = first; at < end; at++) {
    const near = isStan ? (NEARNESS[Math.abs(at - meeting)] ?? 0) : 1;
    into.add(slots[items[at] as number] as number, value * near);
  }
}

function freshness({ endMs }: SessionIndex, session: number): number {
  const newest = endMs[0] as number;
  const span = newest - (endMs[endMs.length - 1] as number);
  return span > 0 ? Math.exp(-(newest - (endMs[session] as number)) / (span * STAN_AGE_SHARE)) : 1;
}
