/** One round of the relay: claim, publish, mark. */

import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import { failpoint } from "../core/failpoint.ts";
import type { OutboxMark, OutboxRow, OutboxStore } from "../events/ports.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { BlockedKeys } from "./relay-blocked.ts";
import { isLogDown, settle, sortRows } from "./relay-decide.ts";
import { type PublishPorts, publish } from "./relay-publish.ts";
import type { Reservations } from "./relay-reservations.ts";
import { publishTimeoutMs, type RelaySettings } from "./relay-settings.ts";

export interface RoundPorts extends PublishPorts {
  readonly outbox: OutboxStore;
  readonly reservations: Reservations;
  readonly blocked: BlockedKeys;
  readonly log: Logger;
}

/** `idle`: nothing due. `failed`: the store failed. `worked`: `logDown` says whether nothing at all came through. */
export type RoundOutcome =
  | { readonly kind: "idle" }
  | { readonly kind: "failed" }
  | { readonly kind: "worked"; readonly sent: number; readonly acked: number; readonly logDown: boolean };

const STORE_TIMEOUT_MS = 8_000;

/** A round that lasts longer hangs: it claims, waits for its turn, publishes and marks, each within its deadline. */
export const roundTimeoutMs = (settings: RelaySettings) =>
  2 * STORE_TIMEOUT_MS + 2 * publishTimeoutMs(settings);

/** What one round may work on. */
export interface RoundScope {
  readonly lane: number;
  readonly partitions: readonly number[];
  /** Rows at most. */
  readonly limit: number;
}

/** Works on those of the partitions that no other round works on; the caller has checked that they are trusted. */
export async function runRound(ports: RoundPorts, scope: RoundScope): Promise<RoundOutcome> {
  const { leases, reservations, clock } = ports;
  const partitions = reservations.begin(scope.lane, scope.partitions);
  try {
    const claimedAtMs = clock.monotonicMs();
    const claimed = await claim(ports, partitions, scope.limit);
    if (claimed === null) return { kind: "failed" };
    await failpoint("relay.after_claim");
    const rows = claimed.filter((row) => leases.isTrusted(row.partition));
    if (rows.length === 0) return { kind: "idle" };
    reservations.send(scope.lane, new Set(rows.map((row) => row.partition)), rows.length);
    return await publishAndMark(ports, rows, claimedAtMs);
  } finally {
    reservations.end(scope.lane);
  }
}

async function claim(
  ports: RoundPorts,
  partitions: readonly number[],
  limit: number,
): Promise<readonly OutboxRow[] | null> {
  if (partitions.length === 0) return [];
  try {
    return await ports.outbox.claim(partitions, limit, Deadline.after(STORE_TIMEOUT_MS, ports.clock));
  } catch (error) {
    ports.metrics.error("claim");
    ports.log.warn({ error: asError(error).message }, "relay.claim_failed");
    return null;
  }
}

async function publishAndMark(
  ports: RoundPorts,
  rows: readonly OutboxRow[],
  claimedAtMs: number,
): Promise<RoundOutcome> {
  // Epochs as they were at the claim: a partition lost meanwhile must meet its fence.
  const epochs = new Map(rows.map(({ partition }) => [partition, ports.leases.epochOf(partition) ?? -1n]));
  const epochOf = (partition: number) => epochs.get(partition) ?? -1n;
  const { sendable, marks } = sortRows(rows, epochOf, ports.blocked, claimedAtMs);
  if (marks.some((mark) => mark.kind === "failed")) ports.metrics.error("process");
  const { sent, results } = await publish(ports, sendable, epochOf);
  await failpoint("relay.after_publish");
  const outcome = [...marks, ...settle(sent, results, epochOf, ports.settings.outbox)];
  if (outcome.length > 0 && !(await mark(ports, outcome))) return { kind: "failed" };
  const acked = results.filter((result) => result.status === "acked").length;
  return { kind: "worked", sent: sent.length, acked, logDown: isLogDown(results) };
}

async function mark(ports: RoundPorts, marks: readonly OutboxMark[]): Promise<boolean> {
  const { clock, metrics, log } = ports;
  try {
    const changed = await ports.outbox.mark(marks, Deadline.after(STORE_TIMEOUT_MS, clock));
    block(ports, marks);
    stepDown(ports, marks, changed);
    report(
      ports,
      marks.filter(({ row }) => changed.has(row.id)),
    );
    return true;
  } catch (error) {
    metrics.error("mark_failed");
    log.warn({ rows: marks.length, error: asError(error).message }, "relay.mark_failed");
    // The store may still carry the statement out, and move rows that later marks have moved.
    ports.leases.giveUp([...new Set(marks.map(({ row }) => row.partition))]);
    return false;
  }
}

/** Later rows of a failed row's key wait for it. */
function block({ blocked, clock }: RoundPorts, marks: readonly OutboxMark[]): void {
  const nowMs = clock.monotonicMs();
  for (const { row, ...rest } of marks) {
    if (rest.kind === "failed" && !rest.dead) blocked.block(row, row.id, nowMs + rest.delaySec * 1000);
  }
}

/** Rows that did not change belong to partitions that another relay has by now. */
function stepDown(
  { leases, metrics, log }: RoundPorts,
  marks: readonly OutboxMark[],
  changed: ReadonlySet<bigint>,
) {
  const lost = new Set(marks.filter(({ row }) => !changed.has(row.id)).map(({ row }) => row.partition));
  if (lost.size === 0) return;
  for (const partition of lost) leases.drop(partition);
  metrics.fenced(lost.size);
  log.warn({ partitions: [...lost] }, "relay.fenced");
}

function report({ metrics, log }: RoundPorts, marks: readonly OutboxMark[]): void {
  metrics.marked(marks);
  const failed = marks.filter((entry) => entry.kind === "failed");
  const sent = failed.filter(({ row }) => row.payload !== null);
  if (sent.length > 0) metrics.error("publish", sent.length);
  for (const { row, error } of failed.filter(({ dead }) => dead)) {
    const id = `outbox-${row.eventId}`;
    log.error({ request_id: id, correlation_id: id, topic: row.topic, error }, "relay.row_dead");
  }
  const [first] = failed.filter(({ dead }) => !dead);
  if (first)
    log.warn({ rows: failed.length, topic: first.row.topic, error: first.error }, "relay.publish_failed");
}
