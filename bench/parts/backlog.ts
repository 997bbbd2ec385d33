/** Half a million waiting rows are drained through Kafka while /healthz and claims are watched; both before and meanwhile. */

import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import type { OutboxStore } from "../../src/events/ports.ts";
import { ensureOutboxPartitions } from "../../src/stores/postgres/outbox-partitions.ts";
import { createOutboxStore } from "../../src/stores/postgres/outbox-store.ts";
import { openPool } from "../../src/stores/postgres/pool.ts";
import { type LoadResult, startLoad } from "../load/plan.ts";
import { figure } from "../support/figure.ts";
import { kafkaLog, startBroker } from "../support/kafka-log.ts";
import { fillOutbox, OUTBOX_PARTITIONS, publishedRows } from "../support/outbox-rows.ts";
import type { PartOptions, PartResult } from "../support/part.ts";
import { Server } from "../support/server.ts";
import { percentile } from "../support/statistics.ts";
import { openStore, type Store } from "../support/store.ts";

const ROWS = 500_000;
const HEALTH_PER_SEC = 50;
const HEALTH_CONNECTIONS = 2;
const LONGEST_MS = 300_000;
const CLAIM_EVERY_MS = 100;
/** As the relay asks. */
const CLAIM_ROWS = 1_000;
const TIMEOUT_MS = 10_000;

interface Watched {
  readonly seconds: number;
  readonly health: LoadResult["latencyMs"];
  readonly claims: { readonly p50: number; readonly p99: number };
}

interface Round {
  /** The same tree, its outbox empty. */
  readonly idle: Watched;
  readonly draining: Watched;
}

export async function backlog(options: PartOptions): Promise<PartResult> {
  await using store = await openStore();
  await using broker = await startBroker();
  await using pool = openPool({ url: store.url, applicationName: "bench" });
  const outbox = createOutboxStore(pool);
  await ensureOutboxPartitions(pool, OUTBOX_PARTITIONS, Deadline.after(TIMEOUT_MS, systemClock));
  const { env } = kafkaLog(broker);
  const rounds: Round[] = [];
  for (let round = 0; round < options.rounds; round++) {
    await store.clearWrites();
    const idle = await watched(store, outbox, env, () => Bun.sleep(options.seconds * 1_000));
    await fillOutbox(store.sql, ROWS, `backlog-${Date.now().toString(36)}`);
    await store.sql`vacuum analyze event_outbox`;
    const before = await publishedRows(store.sql);
    const draining = await watched(store, outbox, env, () => untilPublished(store, before + ROWS));
    rounds.push({ idle, draining });
    console.error(`round ${round + 1}: ${ROWS} rows in ${draining.seconds.toFixed(1)} s`);
  }
  const drained = rounds.map(({ draining, idle }) => ({
    value: ROWS / draining.seconds,
    reference: idle.claims.p99,
  }));
  const beside = (pick: (watched: Watched) => number) =>
    rounds.map(({ draining, idle }) => ({ value: pick(draining), reference: pick(idle) }));
  const within = (limit: number) => ({ of: "value", is: "<=", limit }) as const;
  return {
    figures: [
      figure(`rows of ${ROWS} drained through Kafka`, "rows/s", "claims, p99 in ms", drained),
      figure(
        "/healthz meanwhile, p99",
        "ms",
        "with an empty outbox",
        beside(({ health }) => health.p99),
        within(5),
      ),
      figure(
        "claim meanwhile, p50",
        "ms",
        "with an empty outbox",
        beside(({ claims }) => claims.p50),
        within(10),
      ),
      figure(
        "claim meanwhile, p99",
        "ms",
        "with an empty outbox",
        beside(({ claims }) => claims.p99),
        null,
      ),
    ],
    rounds,
    refused: [],
  };
}

async function watched(
  store: Store,
  outbox: OutboxStore,
  env: Readonly<Record<string, string>>,
  work: () => Promise<unknown>,
): Promise<Watched> {
  await using tree = await Server.tree({ databaseUrl: store.url, roles: "http,relay,monitor", env });
  const health = startLoad({
    port: tree.port,
    connections: HEALTH_CONNECTIONS,
    request: { kind: "health" },
    ratePerSec: HEALTH_PER_SEC,
    warmUpMs: 0,
    measureMs: LONGEST_MS,
    pids: [],
  });
  const claims: number[] = [];
  let done = false;
  const claim = async () => {
    const partitions = Array.from({ length: OUTBOX_PARTITIONS }, (_, partition) => partition);
    while (!done) {
      const startedMs = performance.now();
      await outbox.claim(partitions, CLAIM_ROWS, Deadline.after(TIMEOUT_MS, systemClock));
      claims.push(performance.now() - startedMs);
      await Bun.sleep(CLAIM_EVERY_MS);
    }
  };
  const claiming = claim();
  const startedMs = performance.now();
  await work();
  const seconds = (performance.now() - startedMs) / 1_000;
  done = true;
  health.stop();
  await claiming;
  const { latencyMs } = await health.result;
  return { seconds, health: latencyMs, claims: { p50: percentile(claims, 50), p99: percentile(claims, 99) } };
}

async function untilPublished({ sql }: Store, rows: number): Promise<void> {
  const endMs = performance.now() + LONGEST_MS;
  while (performance.now() < endMs) {
    if ((await publishedRows(sql)) >= rows) return;
    await Bun.sleep(CLAIM_EVERY_MS);
  }
  throw new Error("the backlog was not drained in time");
}
