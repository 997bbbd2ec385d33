/** Sends the rows of a round to the event log when its turn has come. */

import type { Clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import type { EventLogProducer, OutboxRow, ProduceResult } from "../events/ports.ts";
import { pulsing } from "./pulse.ts";
import type { RelayLeases } from "./relay-leases.ts";
import { toRecord } from "./relay-message.ts";
import type { RelayMetrics } from "./relay-metrics.ts";
import { produceTimeoutMs, publishTimeoutMs, type RelaySettings } from "./relay-settings.ts";
import type { Turns } from "./relay-turns.ts";

export interface PublishPorts {
  readonly settings: RelaySettings;
  readonly producer: EventLogProducer;
  /** Shared by all who send with this producer. */
  readonly turns: Turns;
  readonly leases: RelayLeases;
  readonly clock: Clock;
  readonly metrics: RelayMetrics;
  readonly progress: () => void;
}

export interface Published {
  /** Those that were sent; what was not sent stays as it was claimed. */
  readonly sent: readonly OutboxRow[];
  /** One of each, in order. */
  readonly results: readonly ProduceResult[];
}

type EpochOf = (partition: number) => bigint;

/**
 * A publish has its whole time from the start of its turn. The wait may have outlived the trust in a lease, so that is asked for
 * then: a publish that begins under trust ends before the lease can.
 */
export async function publish(
  ports: PublishPorts,
  rows: readonly OutboxRow[],
  epochOf: EpochOf,
): Promise<Published> {
  const { settings, turns, leases, clock, progress } = ports;
  if (rows.length === 0) return { sent: [], results: [] };
  // No turn lasts longer.
  const deadline = Deadline.after(publishTimeoutMs(settings), clock);
  const endTurn = await pulsing(turns.take(deadline), { clock, deadline, progress });
  if (endTurn === null) return { sent: [], results: [] };
  try {
    const sent = rows.filter(
      ({ partition }) => leases.isTrusted(partition) && leases.epochOf(partition) === epochOf(partition),
    );
    return { sent, results: await send(ports, sent, epochOf) };
  } finally {
    endTurn();
  }
}

async function send(
  { settings, producer, clock, metrics, progress }: PublishPorts,
  rows: readonly OutboxRow[],
  epochOf: EpochOf,
): Promise<readonly ProduceResult[]> {
  if (rows.length === 0) return [];
  const nowMs = clock.nowMs();
  for (const row of rows) metrics.lag(nowMs - row.createdAtMs);
  const records = rows.map((row) => toRecord(row, row.payload ?? "", epochOf(row.partition)));
  const deadline = Deadline.after(publishTimeoutMs(settings), clock);
  try {
    // The log answers first: one partition that hangs says nothing about the others.
    const inner = deadline.capped(produceTimeoutMs(deadline.remainingMs()));
    const produced = deadline.race(producer.produce(records, inner));
    return await pulsing(produced, { clock, deadline, progress });
  } catch (error) {
    return rows.map(() => ({ status: "unknown", error: asError(error).message }));
  }
}
