/** Tells when consumers have passed everything that was in the event log at one moment: pure. */

/** What an event log holds of one partition: from `start` up to, and without, `end`. */
export interface PartitionBounds {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly start: bigint;
  readonly end: bigint;
}

/** Where consumers stand in one partition, stored with the effects of all before it. */
export interface StoredOffset {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly nextOffset: bigint;
}

type Place = Omit<StoredOffset, "nextOffset">;

const nameOf = ({ topic, topicId, partition }: Place) => `${topic}/${topicId}/${partition}`;

/**
 * True when nothing before the ends of `barrier` can be consumed any more: its records were consumed, or they left the
 * log, with their part of it or with the whole of a topic that was made anew. `now` may be any later look at the log.
 */
export function isPassed(
  barrier: readonly PartitionBounds[],
  now: readonly PartitionBounds[],
  stored: readonly StoredOffset[],
): boolean {
  const starts = new Map(now.map((bounds) => [nameOf(bounds), bounds.start]));
  const offsets = new Map(stored.map((offset) => [nameOf(offset), offset.nextOffset]));
  return barrier.every((bounds) => {
    const start = starts.get(nameOf(bounds));
    if (start === undefined || start >= bounds.end) return true;
    return (offsets.get(nameOf(bounds)) ?? 0n) >= bounds.end;
  });
}
