/** Checks the order of users' events in the log against the outbox and against what senders saw. */

import type { Posted } from "./history.ts";

export interface Logged {
  readonly topic: string;
  readonly userId: string;
  readonly eventId: string;
}

/** First occurrences of each user in each topic, in the order of the log. */
export function firstOccurrences(records: readonly Logged[]): readonly (readonly Logged[])[] {
  const seen = new Set<string>();
  const firsts = records.filter((record) => {
    const name = JSON.stringify([record.topic, record.eventId]);
    return !seen.has(name) && seen.add(name);
  });
  return [...Map.groupBy(firsts, ({ topic, userId }) => JSON.stringify([topic, userId])).values()];
}

/** Of users whose posts never overlapped: `outboxIds` (by event id) must grow along the log. */
export function outboxInversions(
  records: readonly Logged[],
  outboxIds: ReadonlyMap<string, bigint>,
): readonly string[] {
  return firstOccurrences(records).flatMap((firsts) => {
    let highest = -1n;
    return firsts.flatMap(({ userId, eventId }) => {
      const id = outboxIds.get(eventId) ?? -1n;
      if (id < highest) return [`${userId}: ${eventId} (outbox ${id}) stands behind outbox ${highest}`];
      highest = id;
      return [];
    });
  });
}

/** An event that was first sent after the acknowledgement of another must not stand before that one. */
export function acknowledgementInversions(
  records: readonly Logged[],
  history: readonly Posted[],
): readonly string[] {
  const posted = new Map(history.map((event) => [event.eventId, event]));
  return firstOccurrences(records).flatMap((firsts) => {
    let earliest: Posted | null = null;
    return firsts.toReversed().flatMap(({ eventId }) => {
      const event = posted.get(eventId);
      if (!event) return [];
      const behind: Posted | null = earliest;
      if (event.ackedMs !== null && event.ackedMs < (behind?.ackedMs ?? Number.POSITIVE_INFINITY))
        earliest = event;
      if (behind === null || (behind.ackedMs ?? 0) >= event.sentMs) return [];
      return [
        `${event.userId}: ${eventId} was sent after ${behind.eventId} was acknowledged and stands before it`,
      ];
    });
  });
}
