/** Two consumers with all features, from the embedded log and from Kafka, against the same upserts as bare SQL. */

import type { LogEvent } from "../../src/events/model.ts";
import { partitionFor } from "../../src/events/partitioner.ts";
import { openPool } from "../../src/stores/postgres/pool.ts";
import { type BareChunk, bareChunks } from "../support/bare-chunks.ts";
import { bareUpserts } from "../support/bare-upserts.ts";
import { consumedRecords } from "../support/drained.ts";
import { figure } from "../support/figure.ts";
import { appendAll, embeddedLog, kafkaLog, type LogUnderTest, startBroker } from "../support/kafka-log.ts";
import { describePace, type Pace, paceOf } from "../support/pace.ts";
import type { PartOptions, PartResult } from "../support/part.ts";
import { rotated } from "../support/rotate.ts";
import { Server } from "../support/server.ts";
import { openStore, type Store } from "../support/store.ts";
import { asRecord, streamEvents } from "../support/stream-events.ts";
import { treeCpuMs } from "../support/usage.ts";

const WORKERS = 2;
const EVENTS_A_SECOND = 8_000;
/** Of the bare transactions; as the consumer's at most. */
const CHUNK = 500;
/** What the first transactions find cold, they find for all. */
const WARM_UP_EVENTS = 5_000;

type Candidate = "bare" | "embedded" | "kafka";
type Round = Readonly<Record<Candidate, Pace>>;

export async function consumer(options: PartOptions): Promise<PartResult> {
  await using store = await openStore();
  await using broker = await startBroker();
  await using pool = openPool({ url: store.url, applicationName: "bench" });
  const embedded = embeddedLog(pool);
  const kafka = kafkaLog(broker);
  const count = options.seconds * EVENTS_A_SECOND;
  const run = Date.now().toString(36);
  await bare(store, streamEvents(WARM_UP_EVENTS, `${run}-warm`));
  const rounds: Round[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const candidates: [Candidate, (events: readonly LogEvent[]) => Promise<Pace>][] = [
      ["bare", (events) => bare(store, events)],
      ["embedded", (events) => consumed(store, embedded, events)],
      ["kafka", (events) => consumed(store, kafka, events)],
    ];
    const paces = new Map<Candidate, Pace>();
    for (const [name, measure] of rotated(candidates, round)) {
      await store.clearWrites();
      const pace = await measure(streamEvents(count, `${run}-${round}-${name}`));
      paces.set(name, pace);
      console.error(`round ${round + 1}: ${name} ${describePace(pace)}`);
    }
    rounds.push(Object.fromEntries(paces) as Round);
  }
  return { figures: figuresOf(rounds), rounds, refused: [] };
}

/** A user's events go to one connection, as they go to one partition. */
async function bare(store: Store, events: readonly LogEvent[]): Promise<Pace> {
  const lanes: (readonly BareChunk[])[] = [];
  for (let lane = 0; lane < WORKERS; lane++) {
    const own = events.filter(({ userId }) => partitionFor(userId, WORKERS) === lane);
    lanes.push(await bareChunks(store.sql, own, CHUNK));
  }
  const before = treeCpuMs(store.pid);
  const seconds = await bareUpserts(store.url, lanes);
  const cpuMs = treeCpuMs(store.pid) - before;
  return { perSec: events.length / seconds, cpuUs: { postgres: (cpuMs * 1_000) / events.length } };
}

async function consumed(store: Store, log: LogUnderTest, events: readonly LogEvent[]): Promise<Pace> {
  await appendAll(log, events.map(asRecord));
  const before = await consumedRecords(store.sql);
  await using tree = await Server.tree({
    databaseUrl: store.url,
    roles: "http,consumer",
    env: { ...log.env, CONSUMER_WORKERS: String(WORKERS) },
  });
  return await paceOf(events.length, async () => (await consumedRecords(store.sql)) - before, {
    reco: () => treeCpuMs(tree.pid),
    postgres: () => treeCpuMs(store.pid),
  });
}

const figuresOf = (rounds: readonly Round[]) =>
  (["embedded", "kafka"] as const).flatMap((log) => {
    const samples = rounds.map((round) => ({ value: round[log].perSec, reference: round.bare.perSec }));
    const what = `events applied from ${log}, two workers`;
    return [
      figure(what, "events/s", "bare upserts", samples, { of: "ratio", is: ">=", limit: 0.5 }),
      figure(what, "events/s", "bare upserts", samples, { of: "value", is: ">=", limit: 6_000 }),
    ];
  });
