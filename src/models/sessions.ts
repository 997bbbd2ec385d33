/** Cuts what users did into sessions, and keeps the newest ones for session kNN. */

import type { SessionDecay, SessionIndex } from "../recommend/session-index.ts";
import { type TrainingLog, userCount } from "./training-log.ts";

/** A pause of this length begins a new session. */
export const SESSION_GAP_MS = 30 * 60_000;
const MAX_SESSIONS = 50_000;
/** Of one session; what comes after is another one for all that it tells. */
const MAX_LENGTH = 50;

/** Null when no session has two items. */
export function sessionIndex(log: TrainingLog, decay: SessionDecay): SessionIndex | null {
  const found = sessionsOf(log);
  if (found.length === 0) return null;
  found.sort((a, b) => (log.tsMs[b.to - 1] as number) - (log.tsMs[a.to - 1] as number) || a.from - b.from);
  const kept = found.slice(0, MAX_SESSIONS);
  const starts = new Int32Array(kept.length + 1);
  const itemStarts = new Int32Array(log.itemIds.length + 1);
  const distinct = kept.map(({ from, to }, session) => {
    const items = distinctItems(log.items.subarray(from, to));
    starts[session + 1] = (starts[session] as number) + items.length;
    for (const item of items) itemStarts[item + 1] = (itemStarts[item + 1] as number) + 1;
    return items;
  });
  for (let item = 0; item < log.itemIds.length; item++) {
    itemStarts[item + 1] = (itemStarts[item + 1] as number) + (itemStarts[item] as number);
  }
  const next = itemStarts.slice();
  const total = starts[kept.length] as number;
  const items = new Int32Array(total);
  const sessions = new Int32Array(total);
  for (const [session, own] of distinct.entries()) {
    items.set(own, starts[session] as number);
    for (const item of own) {
      sessions[next[item] as number] = session;
      next[item] = (next[item] as number) + 1;
    }
  }
  const endMs = Float64Array.from(kept, ({ to }) => log.tsMs[to - 1] as number);
  return { decay, starts, items, endMs, itemStarts, sessions };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Events of sessions with at least two items. */
function sessionsOf({ starts, items, tsMs }: TrainingLog): Span[] {
  const spans: Span[] = [];
  for (let user = 0; user + 1 < starts.length; user++) {
    const end = starts[user + 1] as number;
    let from = starts[user] as number;
    for (let event = from + 1; event <= end; event++) {
      const ends =
        event === end ||
        event - from === MAX_LENGTH ||
        (tsMs[event] as number) - (tsMs[event - 1] as number) > SESSION_GAP_MS;
      if (!ends) continue;
      if (event - from > 1 && items.subarray(from, event).some((item) => item !== items[from])) {
        spans.push({ from, to: event });
      }
      from = event;
    }
  }
  return spans;
}

/** Each item where it stands last: a return to it is what was done. */
function distinctItems(items: Int32Array): Int32Array {
  return items.filter((item, place) => items.lastIndexOf(item) === place);
}

/** By event of the log: where its session began. */
export function sessionStarts(log: TrainingLog): Int32Array {
  const begins = new Int32Array(log.items.length);
  for (let user = 0; user < userCount(log); user++) {
    let from = log.starts[user] as number;
    for (let event = from; event < (log.starts[user + 1] as number); event++) {
      if (event > from && (log.tsMs[event] as number) - (log.tsMs[event - 1] as number) > SESSION_GAP_MS)
        from = event;
      begins[event] = from;
    }
  }
  return begins;
}
