/** What a soak run posts: decided by seed, sender and sequence, so that a repeat posts the same. */

import { seededRandom } from "../../core/random.ts";

export type Kind = "watch" | "impression" | "direct";

export interface SentEvent {
  readonly kind: Kind;
  readonly eventId: string;
  readonly userId: string;
}

export interface SoakRequest {
  readonly path: string;
  readonly body: object;
  readonly events: readonly SentEvent[];
  /** Sent once more after its acknowledgement: nothing may come of that. */
  readonly repeated: boolean;
}

/** Of one sender alone, whose posts never overlap: their order in the log is defined. */
const OWN_USERS = 2;
/** Of all senders. */
const CROWD_USERS = 8;
const ITEMS = 80;
const MAX_BATCH = 10;
const REPEATED_SHARE = 0.05;
const SEQUENCES_APART = 1_000_003;

export const isOwnUser = (userId: string) => userId.startsWith("own-");

/** `nowMs` is the event time; all else follows from the other arguments. */
export function requestOf(seed: number, sender: number, sequence: number, nowMs: number): SoakRequest {
  const random = seededRandom(seed * 31 + sender * SEQUENCES_APART + sequence);
  const below = (limit: number) => Math.floor(random.next() * limit);
  let events = 0;
  const identity = () => ({
    event_id: `soak-${seed}-${sender}-${sequence}-${events++}`,
    user_id: below(4) === 0 ? `crowd-${below(CROWD_USERS)}` : `own-${sender}-${below(OWN_USERS)}`,
  });
  const logged = () => ({ session_id: `s-${sender}`, request_id: `r-${sender}-${sequence}`, ts_ms: nowMs });
  const item = () => `item-${below(ITEMS)}`;
  const watch = () => ({
    ...identity(),
    ...logged(),
    item_id: item(),
    watch_time_sec: below(400),
    percent_watched: below(101),
  });
  const impression = () => ({ ...identity(), ...logged(), items: slate(below(ITEMS), below(5) + 1) });
  const direct = () => ({
    ...identity(),
    item_id: item(),
    event_type: ["view", "click", "purchase"][below(3)],
    ts: nowMs,
  });
  const choice = below(10);
  const repeated = random.next() < REPEATED_SHARE;
  if (choice < 5) return single("/log/watch", "watch", watch(), repeated);
  if (choice < 6) return single("/log/impression", "impression", impression(), repeated);
  if (choice < 8) return single("/event", "direct", direct(), repeated);
  const members = Array.from({ length: below(MAX_BATCH) + 1 }, () =>
    below(3) === 0
      ? { event_type: "impression" as const, ...impression() }
      : { event_type: "watch" as const, ...watch() },
  );
  return {
    path: "/log/batch",
    body: { events: members },
    events: members.map((member) => sent(member.event_type, member)),
    repeated,
  };
}

interface Identified {
  readonly event_id: string;
  readonly user_id: string;
}

const sent = (kind: Kind, { event_id, user_id }: Identified): SentEvent => ({
  kind,
  eventId: event_id,
  userId: user_id,
});

const single = (path: string, kind: Kind, body: Identified, repeated: boolean): SoakRequest => ({
  path,
  body,
  events: [sent(kind, body)],
  repeated,
});

/** Different items, as an impression's have to be. */
const slate = (first: number, length: number) =>
  Array.from({ length }, (_, position) => ({ item_id: `item-${(first + position) % ITEMS}`, position }));
