/** Maintains a relay's leases at a third of their time, sooner while it lacks partitions. */

import type { Clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { jittered } from "../core/retry-delay.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { RelayLeases } from "./relay-leases.ts";
import type { RelayMetrics } from "./relay-metrics.ts";
import type { RelaySettings } from "./relay-settings.ts";

export interface LeaseLoopPorts {
  readonly settings: RelaySettings;
  readonly leases: RelayLeases;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: RelayMetrics;
  /** Called when partitions were added, whose rows may be due. */
  readonly onTaken: () => void;
}

const RETRY_MS = 1_000;
const JITTER = 0.1;

/** Runs until `stop` is aborted; begins with a wait, since the first step belongs to the start. */
export async function maintainLeases(ports: LeaseLoopPorts, stop: AbortSignal): Promise<void> {
  const { settings, leases, clock, random } = ports;
  const renewMs = (settings.outbox.leaseSec * 1000) / 3;
  let succeeded = true;
  while (!stop.aborted) {
    const sliceMs = jittered(RETRY_MS, JITTER, random);
    for (let leftMs = jittered(renewMs, JITTER, random); leftMs > 0 && !stop.aborted; leftMs -= sliceMs) {
      await clock.sleep(Math.min(leftMs, sliceMs), stop);
      if (!succeeded || leases.belowShare) break;
    }
    if (!stop.aborted) succeeded = await maintainOnce(ports);
  }
}

/** False when the store failed: what is held stays trusted for as long as its last renewal allows. */
export async function maintainOnce(ports: LeaseLoopPorts): Promise<boolean> {
  const { settings, leases, clock, log, metrics } = ports;
  const heldBefore = leases.heldCount;
  try {
    await leases.maintain(Deadline.after((settings.outbox.leaseSec * 1000) / 3, clock));
    return true;
  } catch (error) {
    metrics.error("lease");
    log.warn({ error: asError(error).message }, "relay.lease_failed");
    return false;
  } finally {
    metrics.held(leases.heldCount);
    if (leases.heldCount > heldBefore) ports.onTaken();
  }
}
