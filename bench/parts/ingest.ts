/** Watches, one a request and in batches of 100, against bare inserts of the same rows; then through the whole loop. */

import { ITEMS, USERS } from "../data/names.ts";
import { type RequestPlan, runLoad } from "../load/plan.ts";
import { untilDrained } from "../support/drained.ts";
import type { PartOptions, PartResult } from "../support/part.ts";
import { rawEventsPerSec } from "../support/raw-inserts.ts";
import { Server } from "../support/server.ts";
import { openStore, type Store } from "../support/store.ts";
import { EVENTS_A_BATCH, type IngestRound, ingestFigures, type Sustained } from "./ingest-figures.ts";

const SINGLE = {
  connections: 32,
  eventsEach: 1,
  request: { kind: "watch", users: USERS, items: ITEMS },
} as const;
const BATCH = {
  connections: 8,
  eventsEach: EVENTS_A_BATCH,
  request: { kind: "batch", users: USERS, items: ITEMS, size: EVENTS_A_BATCH },
} as const;
const RAW_CONNECTIONS = 4;
const WARM_UP_MS = 1_000;
/** Sustained: long enough for the loop's buffers to matter less than its pace. */
const SUSTAINED_TIMES = 5;

interface Shape {
  readonly connections: number;
  readonly eventsEach: number;
  readonly request: RequestPlan;
}

export async function ingest(options: PartOptions): Promise<PartResult> {
  await using store = await openStore();
  const rounds: IngestRound[] = [];
  for (let round = 0; round < options.rounds; round++) {
    await store.clearWrites();
    const raw = await rawEventsPerSec(store.url, "watch", RAW_CONNECTIONS, options.seconds);
    const { single, batch } = await paused(store, options.seconds);
    const sustainedSingle = await sustained(store, SINGLE, options.seconds);
    const sustainedBatch = await sustained(store, BATCH, options.seconds);
    rounds.push({ raw, single, batch, sustainedSingle, sustainedBatch });
    console.error(
      `round ${round + 1}: raw ${raw.toFixed(0)}, single ${single.perSec.toFixed(0)} (p99 ${single.latencyMs.p99} ms), ` +
        `batch ${(batch.perSec * EVENTS_A_BATCH).toFixed(0)}, sustained single ${sustainedSingle.perSec.toFixed(0)}, ` +
        `sustained batch ${sustainedBatch.perSec.toFixed(0)} events/s`,
    );
  }
  return { figures: ingestFigures(rounds), rounds, refused: refusals(rounds) };
}

/** No relay and no consumer runs: what the acknowledgement alone costs. */
async function paused(store: Store, seconds: number): Promise<Pick<IngestRound, "single" | "batch">> {
  await using tree = await Server.tree({ databaseUrl: store.url, roles: "http" });
  await store.clearWrites();
  const single = await load(tree, SINGLE, seconds);
  await store.clearWrites();
  const batch = await load(tree, BATCH, seconds);
  return { single, batch };
}

async function sustained(store: Store, shape: Shape, seconds: number): Promise<Sustained> {
  await using tree = await Server.tree({ databaseUrl: store.url, roles: "http,relay,consumer,monitor" });
  await store.clearWrites();
  const startedMs = performance.now();
  const result = await load(tree, shape, seconds * SUSTAINED_TIMES, 0);
  const loadedMs = performance.now();
  await untilDrained(store.sql);
  const endMs = performance.now();
  const [stored] = await store.sql<{ count: number }[]>`select count(*)::int from ingested_event`;
  return {
    perSec: (stored?.count ?? 0) / ((endMs - startedMs) / 1_000),
    acceptedPerSec: result.perSec * shape.eventsEach,
    drainSeconds: (endMs - loadedMs) / 1_000,
    result,
  };
}

const load = ({ port, pid }: Server, shape: Shape, seconds: number, warmUpMs = WARM_UP_MS) =>
  runLoad({
    port,
    connections: shape.connections,
    request: shape.request,
    ratePerSec: null,
    warmUpMs,
    measureMs: seconds * 1_000,
    pids: [pid],
  });

function refusals(rounds: readonly IngestRound[]): string[] {
  const results = rounds.flatMap(({ single, batch, sustainedSingle, sustainedBatch }) => [
    single,
    batch,
    sustainedSingle.result,
    sustainedBatch.result,
  ]);
  const odd = new Set(
    results.flatMap(({ statuses }) => Object.keys(statuses).filter((status) => status !== "200")),
  );
  return odd.size > 0 ? [`not every post was answered 200 but: ${[...odd].join(", ")}`] : [];
}
