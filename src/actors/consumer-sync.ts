/** Sets the read position of a partition to the stored offset, which alone is the truth. */

import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import type { Assignment, EventLogConsumer, RecordPlace } from "../events/ports.ts";
import { type ChunkPorts, STORE_TIMEOUT_MS } from "./consumer-chunk.ts";
import type { PartitionState } from "./consumer-partitions.ts";

const RETRY_MS = 500;
/** Deaths that were noted while a record was handled alone, after which it is not tried again. */
const MAX_DEATHS = 2;

/** Leaves the state `ready`, `given_up` to a newer owner, or `waiting` when the store or the log failed. */
export async function syncPartition(
  ports: ChunkPorts,
  log: EventLogConsumer,
  state: PartitionState,
  /** A record noted by this process, which is alive. */
  ownNote: bigint | undefined,
): Promise<void> {
  const { assignment } = state;
  try {
    state.phase = (await seekStored(ports, log, assignment)) ? { kind: "ready" } : { kind: "given_up" };
    if (state.phase.kind === "given_up") return log.pause(assignment);
    const condemned = await findCondemned(ports, assignment, ownNote);
    state.condemned = new Set([...state.condemned, ...condemned]);
    log.resume(assignment);
  } catch (error) {
    ports.metrics.error("process");
    ports.log.warn({ error: asError(error).message }, "consumer.sync_failed");
    log.pause(assignment);
    state.phase = { kind: "waiting", untilMs: ports.clock.monotonicMs() + RETRY_MS };
  }
}

/** False when a newer owner exists. */
async function seekStored(
  ports: ChunkPorts,
  log: EventLogConsumer,
  assignment: Assignment,
): Promise<boolean> {
  const { store, settings, metrics } = ports;
  const group = settings.consumer.groupId;
  const stored = await store.takeOver(group, assignment, deadline(ports));
  if (stored === "fenced") return false;
  const { start, end } = await deadline(ports).race(log.bounds(assignment));
  if (stored !== null && stored > end) {
    ports.log.warn({ ...placeOf(assignment, stored), end }, "consumer.topic_recreated");
    await store.rewind(group, assignment, deadline(ports));
  } else if (stored !== null && stored < start) {
    metrics.offsetGap(assignment.topic);
    ports.log.error({ ...placeOf(assignment, stored), start }, "consumer.offset_out_of_retention");
  }
  log.seek(assignment, stored !== null && stored >= start && stored <= end ? stored : start);
  return true;
}

/** Records that were being handled alone when their process died, twice. */
async function findCondemned(
  ports: ChunkPorts,
  assignment: Assignment,
  ownNote: bigint | undefined,
): Promise<readonly bigint[]> {
  const condemned: bigint[] = [];
  for (const offset of await ports.store.interrupted(assignment, deadline(ports))) {
    if (offset === ownNote) continue;
    const place = placeOf(assignment, offset);
    const deaths = await ports.store.countAttempt(place, "its process died", deadline(ports));
    if (deaths >= MAX_DEATHS) condemned.push(offset);
  }
  return condemned;
}

const placeOf = ({ topic, topicId, partition }: Assignment, offset: bigint): RecordPlace => ({
  topic,
  topicId,
  partition,
  offset,
});

const deadline = ({ clock }: ChunkPorts) => Deadline.after(STORE_TIMEOUT_MS, clock);
