/** Keeps the gauges of the outbox backlog fresh. */

import type { Clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import type { OutboxSnapshot } from "../events/ports.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { RelayMetrics } from "./relay-metrics.ts";

export interface BacklogPorts {
  readonly readBacklog: (deadline: Deadline) => Promise<OutboxSnapshot>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: RelayMetrics;
}

const TIMEOUT_MS = 8_000;
const EVERY_MS = 1_000;
/** Above this many unpublished rows counting them is work of its own, so it is done less often. */
const LARGE_BACKLOG = 100_000;
const LARGE_BACKLOG_EVERY_MS = 10_000;

/** Runs until `stop` is aborted. */
export async function watchBacklog(ports: BacklogPorts, stop: AbortSignal): Promise<void> {
  const { clock, log, metrics } = ports;
  while (!stop.aborted) {
    let pauseMs = EVERY_MS;
    try {
      const snapshot = await ports.readBacklog(Deadline.after(TIMEOUT_MS, clock));
      metrics.backlog(snapshot);
      if (snapshot.pending > LARGE_BACKLOG) pauseMs = LARGE_BACKLOG_EVERY_MS;
    } catch (error) {
      metrics.error("metrics");
      log.debug({ error: asError(error).message }, "relay.backlog_unknown");
    }
    await clock.sleep(pauseMs, stop);
  }
}
