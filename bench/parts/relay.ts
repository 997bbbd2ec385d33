/** The relay's way from the outbox to the embedded log and to Kafka, against claims and marks with nothing between them. */

import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { ensureOutboxPartitions } from "../../src/stores/postgres/outbox-partitions.ts";
import { openPool } from "../../src/stores/postgres/pool.ts";
import { claimAndMark } from "../support/claim-and-mark.ts";
import { figure } from "../support/figure.ts";
import { embeddedLog, kafkaLog, type LogUnderTest, startBroker } from "../support/kafka-log.ts";
import { fillOutbox, OUTBOX_PARTITIONS, publishedRows } from "../support/outbox-rows.ts";
import { describePace, type Pace, paceOf } from "../support/pace.ts";
import type { PartOptions, PartResult } from "../support/part.ts";
import { rotated } from "../support/rotate.ts";
import { Server } from "../support/server.ts";
import { openStore, type Store } from "../support/store.ts";
import { namedCpuMs, treeCpuMs } from "../support/usage.ts";

const ROWS_A_SECOND = 15_000;
const INSTALL_MS = 10_000;

type Candidate = "claimAndMark" | "embedded" | "kafka";
type Round = Readonly<Record<Candidate, Pace>>;

export async function relay(options: PartOptions): Promise<PartResult> {
  await using store = await openStore();
  await using broker = await startBroker();
  await using pool = openPool({ url: store.url, applicationName: "bench" });
  await ensureOutboxPartitions(pool, OUTBOX_PARTITIONS, Deadline.after(INSTALL_MS, systemClock));
  const count = options.seconds * ROWS_A_SECOND;
  const run = Date.now().toString(36);
  const rounds: Round[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const candidates: [Candidate, () => Promise<Pace>][] = [
      ["claimAndMark", () => claimAndMark(store)],
      ["embedded", () => relayed(store, embeddedLog(pool), count)],
      ["kafka", () => relayed(store, kafkaLog(broker), count)],
    ];
    const paces = new Map<Candidate, Pace>();
    for (const [name, measure] of rotated(candidates, round)) {
      await store.clearWrites();
      await fillOutbox(store.sql, count, `${run}-${round}-${name}`);
      await store.sql`vacuum analyze event_outbox`;
      const pace = await measure();
      paces.set(name, pace);
      console.error(`round ${round + 1}: ${name} ${describePace(pace)}`);
    }
    rounds.push(Object.fromEntries(paces) as Round);
  }
  return { figures: figuresOf(rounds), rounds, refused: [] };
}

async function relayed(store: Store, log: LogUnderTest, count: number): Promise<Pace> {
  const before = await publishedRows(store.sql);
  await using tree = await Server.tree({
    databaseUrl: store.url,
    roles: "http,relay",
    env: { ...log.env, OUTBOX_RELAY_BATCH_SIZE: "1000" },
  });
  return await paceOf(count, async () => (await publishedRows(store.sql)) - before, {
    reco: () => treeCpuMs(tree.pid),
    postgres: () => treeCpuMs(store.pid),
    broker: () => namedCpuMs("java"),
  });
}

const figuresOf = (rounds: readonly Round[]) =>
  (["embedded", "kafka"] as const).flatMap((log) => {
    const samples = rounds.map((round) => ({
      value: round[log].perSec,
      reference: round.claimAndMark.perSec,
    }));
    const what = `rows relayed to ${log}`;
    return [
      figure(what, "rows/s", "claim and mark alone", samples, { of: "ratio", is: ">=", limit: 0.6 }),
      figure(what, "rows/s", "claim and mark alone", samples, { of: "value", is: ">=", limit: 12_000 }),
    ];
  });
