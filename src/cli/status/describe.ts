/** Writes the status of a tree for people. */

import { type Address, urlOf } from "../address.ts";
import { alignColumns, describeDuration, hangingText } from "../text-table.ts";
import type { ActorReport, LagReport, OutboxReport, StatusReport, StoreReport, Unknown } from "./report.ts";

const HEADS = ["ACTOR", "STATE", "IN", "PID", "LIFE", "RESTARTS", "UPTIME"];

export function describeStatus(report: StatusReport): string {
  const { version, pid, roles, ports, actors, store, policy, outbox, lag } = report;
  return [
    `reco ${version} runs as process ${pid}`,
    "",
    line("data", report.data_dir),
    line("roles", roles.join(", ")),
    ...(ports.http ? [line("api", urlOf(ports.http))] : []),
    line("metrics", metricsUrl(ports.metrics)),
    line("store", orWhy(store, describeStore)),
    ...(policy === null ? [] : [line("policy", orWhy(policy, String))]),
    line("outbox", orWhy(outbox, describeOutbox)),
    ...(lag === null ? [] : [line("lag", orWhy(lag, describeLag))]),
    "",
    ...describeActors(actors),
  ].join("\n");
}

const line = (label: string, text: string) => hangingText(label.padEnd(9), text);

const metricsUrl = (address: Address) => urlOf(address, "/metrics");

const isUnknown = (part: unknown): part is Unknown =>
  typeof part === "object" && part !== null && "error" in part;

const orWhy = <T>(part: T | Unknown, describe: (part: T) => string): string =>
  isUnknown(part) ? `unknown: ${part.error}` : describe(part);

const describeStore = ({ kind, address, version }: StoreReport) =>
  `${kind} PostgreSQL ${version}, ${address}`;

function describeOutbox({ pending, publishing, published, dead, oldest_lag_ms }: OutboxReport): string {
  const age = pending > 0 ? ` (the oldest for ${describeDuration(oldest_lag_ms / 1000)})` : "";
  return `${pending} pending${age}, ${publishing} publishing, ${dead} dead, ${published} published`;
}

function describeLag({ records, partitions }: LagReport): string {
  if (partitions.length === 0) return "unknown: no partition is assigned to this tree's consumers";
  return `${records} records behind in ${partitions.length} partitions`;
}

function describeActors(actors: readonly ActorReport[]): string[] {
  const rows = actors.map(describeActor);
  const ends = actors.flatMap(({ id, restarts, last_exit: why }) =>
    restarts > 0 && why !== null ? [hangingText(`${id} ended before: `, why)] : [],
  );
  return [...alignColumns([HEADS, ...rows]), ...(ends.length > 0 ? ["", ...ends] : [])];
}

function describeActor(actor: ActorReport): string[] {
  const { id, state, isolation, pid, incarnation, restarts, uptime_sec, last_exit } = actor;
  const counts = [String(incarnation), String(restarts)];
  if (state === "running") {
    return [id, state, isolation, String(pid), ...counts, describeDuration(uptime_sec)];
  }
  // A child that did its work and ended has no process any more.
  const isDone = state === "stopped" && last_exit === "normal";
  return [id, isDone ? "done" : state, isolation, "-", ...counts, "-"];
}
