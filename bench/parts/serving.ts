/**
 * `/reco` without logging its impressions: how much of a bare hono route's throughput is left, what a request costs the
 * http threads, and the latency at half of the most. 50,000 users at random, 100 events a second meanwhile.
 */

import { USERS } from "../data/names.ts";
import { type LoadResult, runLoad } from "../load/plan.ts";
import { withEvents } from "../support/background-events.ts";
import { type Bar, type Figure, figure } from "../support/figure.ts";
import type { PartOptions, PartResult } from "../support/part.ts";
import { NOOP_BUSY } from "../support/quiet.ts";
import { Server } from "../support/server.ts";
import { median } from "../support/statistics.ts";
import { openStore } from "../support/store.ts";
import { touchAllUsers } from "../support/touch-users.ts";
import { type Candidate, servingCandidates, trainedCandidates } from "./serving-candidates.ts";

const CONNECTIONS = 32;
/** Until most users were asked for: profiles end after 20 s, and nobody asks for them while others are measured. */
const WARM_UP_MS = 12_000;
const LATENCY_ROUNDS = 3;
const P99_BAR: Bar = { of: "value", is: "<=", limit: 5 };

interface Measured {
  readonly perSec: number;
  /** Of the http threads alone. */
  readonly cpuUs: number;
  /** Share of its core, the mean of the http threads. */
  readonly busy: number;
  readonly result: LoadResult;
}

/** Beside every measurement, so that profiles change. */
const BACKGROUND = { kind: "event", perSec: 100, connections: 2 } as const;

type Round = ReadonlyMap<string, Measured>;

export async function serving(options: PartOptions): Promise<PartResult> {
  await using store = await openStore();
  await using stack = new AsyncDisposableStack();
  return await measured(await servingCandidates(store.url, options.only, stack), options);
}

/** The same of a run that was trained on the store's events and promoted: with diversity and exploration, as training writes it. */
export async function servingTrained(options: PartOptions): Promise<PartResult> {
  await using store = await openStore();
  await using stack = new AsyncDisposableStack();
  return await measured(await trainedCandidates(store.url, options.only, stack), options);
}

async function measured(candidates: readonly Candidate[], options: PartOptions): Promise<PartResult> {
  await using noop = await Server.noop();
  for (const { server } of candidates) await touchAllUsers(server);
  const rounds: Round[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const byName = new Map([["noop", await atMost(noop, options.seconds)]]);
    for (const { name, server, hasStore } of candidates) {
      byName.set(
        name,
        await withEvents(hasStore ? server.port : null, BACKGROUND, () => atMost(server, options.seconds)),
      );
    }
    rounds.push(byName);
    for (const [name, { perSec, cpuUs, busy, result }] of byName) {
      const degraded = result.degraded > 0 ? `, degraded ${result.degraded.toFixed(3)}` : "";
      console.error(
        `round ${round + 1} ${name}: ${perSec.toFixed(0)}/s, ${cpuUs.toFixed(1)} µs, busy ${busy.toFixed(2)}${degraded}`,
      );
    }
  }
  const latency = [];
  for (const candidate of candidates) latency.push(await atHalf(candidate, noop, rounds, options.seconds));
  return {
    figures: [...candidates.flatMap((candidate) => throughput(candidate, rounds)), ...latency],
    rounds: rounds.map((round) => Object.fromEntries(round)),
    refused: refusals(rounds),
  };
}

async function atMost(server: Server, seconds: number): Promise<Measured> {
  const result = await load(server, null, seconds);
  const threads = server.httpThreads(result.threads);
  const cpuMs = threads.reduce((sum, thread) => sum + thread.cpuMs, 0);
  return {
    perSec: result.perSec,
    cpuUs: (cpuMs * 1_000) / result.requests,
    busy: cpuMs / 1_000 / result.seconds / Math.max(1, threads.length),
    result,
  };
}

async function atHalf(
  candidate: Candidate,
  noop: Server,
  rounds: readonly Round[],
  seconds: number,
): Promise<Figure> {
  const rate = median(rounds.map((round) => round.get(candidate.name)?.perSec ?? 0)) / 2;
  const samples = [];
  for (let round = 0; round < LATENCY_ROUNDS; round++) {
    const reference = await load(noop, rate, seconds);
    const port = candidate.hasStore ? candidate.server.port : null;
    const measured = await withEvents(port, BACKGROUND, () => load(candidate.server, rate, seconds));
    samples.push({ value: measured.latencyMs.p99, reference: reference.latencyMs.p99 });
  }
  const what = `${candidate.name}: p99 at half of the most (${rate.toFixed(0)}/s, open loop)`;
  return figure(what, "ms", "noop at that rate", samples, P99_BAR);
}

function load({ port, pid }: Server, ratePerSec: number | null, seconds: number): Promise<LoadResult> {
  return runLoad({
    port,
    connections: CONNECTIONS,
    request: { kind: "reco", users: USERS, autolog: false },
    ratePerSec,
    warmUpMs: WARM_UP_MS,
    measureMs: seconds * 1_000,
    pids: [pid],
  });
}

function throughput({ name, bar }: Candidate, rounds: readonly Round[]): Figure[] {
  const beside = (pick: (measured: Measured) => number) =>
    rounds.map((round) => ({
      value: pick(round.get(name) as Measured),
      reference: pick(round.get("noop") as Measured),
    }));
  return [
    figure(
      `${name}: most, closed loop`,
      "req/s",
      "noop",
      beside(({ perSec }) => perSec),
      bar,
    ),
    figure(
      `${name}: CPU of the http threads`,
      "µs/req",
      "noop",
      beside(({ cpuUs }) => cpuUs),
    ),
  ];
}

function refusals(rounds: readonly Round[]): string[] {
  const busy = median(rounds.map((round) => round.get("noop")?.busy ?? 0));
  const reasons = rounds.flatMap((round) =>
    [...round].flatMap(([name, { result }]) => [
      ...(Object.keys(result.statuses).some((status) => status !== "200")
        ? [`${name}: not every answer was 200`]
        : []),
      ...(result.degraded > 0.001 ? [`${name}: degraded answers`] : []),
      ...(result.broken > 0 ? [`${name}: broken connections`] : []),
    ]),
  );
  if (busy < NOOP_BUSY) reasons.push(`noop was only ${busy.toFixed(2)} busy: the machine is not quiet`);
  return [...new Set(reasons)];
}
