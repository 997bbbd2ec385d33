/** The load generator: one thread, raw sockets, closed or open loop, latencies in an HDR histogram. */

import { build } from "hdr-histogram-js";
import { readThreads, threadUse } from "../support/cpu.ts";
import { type Answer, Connection } from "./connection.ts";
import type { LoadPlan, LoadResult } from "./plan.ts";
import { requestMaker } from "./requests.ts";

/** A timer of 1 ms is the finest there is; what falls due in between is sent late and counted as late. */
const TICK_MS = 1;
const US = 1_000;
const LONGEST_US = 120 * US * US;

const plan = JSON.parse(process.argv[2] ?? "") as LoadPlan;
const nextRequest = requestMaker(plan.request, plan.port);
const histogram = build({
  lowestDiscernibleValue: 1,
  highestTrackableValue: LONGEST_US,
  numberOfSignificantValueDigits: 3,
});
const statuses = new Map<number, number>();
let measuring = false;
let stopping = false;
let sent = 0;
let answered = 0;
let sampled = 0;
let degraded = 0;

/** Open loop: when the requests that found no free connection were due, oldest first. */
const waiting: number[] = [];
const free: Connection[] = [];

function received(connection: Connection, answer: Answer): void {
  if (measuring) count(answer);
  if (stopping || (plan.requests !== undefined && sent >= plan.requests)) return;
  if (plan.ratePerSec === null) send(connection, performance.now());
  else if (waiting.length > 0) send(connection, waiting.shift() as number);
  else free.push(connection);
}

function count(answer: Answer): void {
  answered++;
  statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
  histogram.recordValue(
    Math.min(LONGEST_US, Math.max(1, Math.round((performance.now() - answer.dueMs) * US))),
  );
  if (answer.degraded === null) return;
  sampled++;
  if (answer.degraded) degraded++;
}

function send(connection: Connection, dueMs: number): void {
  sent++;
  connection.send(nextRequest(), dueMs);
}

/** Sends at the planned rate until the end of the run, late where a timer was late. */
async function keepRate(ratePerSec: number, endMs: number): Promise<void> {
  const gapMs = 1_000 / ratePerSec;
  let dueMs = performance.now();
  while (!stopping && performance.now() < endMs) {
    for (const now = performance.now(); dueMs <= now; dueMs += gapMs) {
      const connection = free.pop();
      if (connection) send(connection, dueMs);
      else waiting.push(dueMs);
    }
    await Bun.sleep(TICK_MS);
  }
}

async function finished(endMs: number): Promise<void> {
  const isDone = () => plan.requests !== undefined && answered >= plan.requests;
  while (!stopping && performance.now() < endMs && !isDone())
    await Bun.sleep(Math.min(20, endMs - performance.now()));
}

process.on("SIGTERM", () => {
  stopping = true;
});
const connections = await Promise.all(
  Array.from({ length: plan.connections }, () => Connection.open(plan.port, received)),
);
const startMs = performance.now();
const endMs = startMs + plan.warmUpMs + plan.measureMs;
if (plan.ratePerSec === null) for (const connection of connections) send(connection, performance.now());
else free.push(...connections);
const sending = plan.ratePerSec === null ? Promise.resolve() : keepRate(plan.ratePerSec, endMs);
if (plan.warmUpMs > 0) await Bun.sleep(plan.warmUpMs);
const threadsBefore = readThreads(plan.pids);
const cpuBefore = process.cpuUsage();
const measuredFromMs = performance.now();
measuring = true;
await finished(endMs);
measuring = false;
const seconds = (performance.now() - measuredFromMs) / 1_000;
const cpu = process.cpuUsage(cpuBefore);
const threads = threadUse(threadsBefore, readThreads(plan.pids), seconds);
stopping = true;
await sending;

const ms = (percentile: number) => histogram.getValueAtPercentile(percentile) / US;
const result: LoadResult = {
  requests: answered,
  seconds,
  perSec: answered / seconds,
  statuses: Object.fromEntries(statuses),
  broken: connections.filter((connection) => connection.broken).length,
  unanswered: plan.ratePerSec === null ? 0 : waiting.length,
  degraded: sampled === 0 ? 0 : degraded / sampled,
  latencyMs: { p50: ms(50), p90: ms(90), p99: ms(99), p999: ms(99.9), max: histogram.maxValue / US },
  threads,
  generatorBusy: (cpu.user + cpu.system) / 1e6 / seconds,
};
console.log(JSON.stringify(result));
process.exit(0);
