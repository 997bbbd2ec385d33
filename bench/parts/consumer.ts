/** Two consumers with all features, from the embedded log and from Kafka, against the same upserts as bare SQL. */

import { createKafkaLog } from "../../src/stores/eventlog/kafka.ts";
import { createEmbeddedLog } from "../../src/stores/eventlog/embedded.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { systemClock } from "../../src/core/clock.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { LogEvent } from "../../src/events/model.ts";
import { partitionFor } from "../../src/events/partitioner.ts";
import type { EventLog } from "../../src/events/ports.ts";
import { openPool } from "../../src/stores/postgres/pool.ts";
import { kafkaMissing, startKafka } from "../../tests/support/kafka/broker.ts";
import { bareChunks } from "../support/bare-chunks.ts";
import { bareUpserts } from "../support/bare-upserts.ts";
import { figure } from "../support/figure.ts";
import { describePace, type Pace, paceOf } from "../support/pace.ts";
import type { PartOptions, PartResult } from "../support/part.ts";
import { Server } from "../support/server.ts";
import { openStore, type Store } from "../support/store.ts";
import { asRecord, streamEvents, TOPICS } from "../support/stream-events.ts";
import { treeCpuMs } from "../support/usage.ts";

const WORKERS = 2;
const EVENTS_A_SECOND = 8_000;
/** Of the bare transactions; as the consumer's. */
const CHUNK = 500;
const APPEND = 2_000;
const APPEND_MS = 30_000;

interface Round {
  readonly bare: Pace;
  readonly embedded: Pace;
  readonly kafka: Pace;
}

interface Source {
  readonly log: EventLog;
  readonly partitions: number;
  readonly env: Readonly<Record<string, string>>;
}

export async function consumer(options: PartOptions): Promise<PartResult> {
  const missing = kafkaMissing();
  if (missing !== null) throw new Error(missing);
  await using store = await openStore();
  await using broker = await startKafka();
  await using pool = openPool({ url: store.url, applicationName: "bench" });
  const embedded = {
    log: createEmbeddedLog({ pool, clock: systemClock, random: systemRandom }),
    partitions: 8,
    env: {},
  };
  const kafka = {
    log: createKafkaLog({
      connection: { bootstrapServers: [broker.bootstrap], clientId: "bench", requestTimeoutMs: 15_000 },
      topics: { create: true, replication: 1 },
      clock: systemClock,
    }),
    partitions: 6,
    env: { KAFKA_BOOTSTRAP_SERVERS: broker.bootstrap },
  };
  const count = options.seconds * EVENTS_A_SECOND;
  const rounds: Round[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const name = `c${Date.now().toString(36)}`;
    const candidates: [keyof Round, () => Promise<Pace>][] = [
      ["bare", () => bare(store, streamEvents(count, `${name}b`))],
      ["embedded", () => consumed(store, embedded, streamEvents(count, `${name}e`))],
      ["kafka", () => consumed(store, kafka, streamEvents(count, `${name}k`))],
    ];
    const paces: Partial<Record<keyof Round, Pace>> = {};
    for (const [key, measure] of rotated(candidates, round)) {
      await store.clearWrites();
      paces[key] = await measure();
      console.error(`round ${round + 1}: ${key} ${describePace(paces[key])}`);
    }
    rounds.push(paces as Round);
  }
  return { figures: figuresOf(rounds), rounds, refused: [] };
}

const rotated = <T>(list: readonly T[], by: number): T[] => [
  ...list.slice(by % list.length),
  ...list.slice(0, by % list.length),
];

/** A user's events go to one connection, as they go to one partition. */
async function bare(store: Store, events: readonly LogEvent[]): Promise<Pace> {
  const lanes = [];
  for (let lane = 0; lane < WORKERS; lane++) {
    const own = events.filter(({ userId }) => partitionFor(userId, WORKERS) === lane);
    lanes.push(await bareChunks(store.sql, own, CHUNK));
  }
  await store.sql`checkpoint`;
  const before = treeCpuMs(store.pid);
  const seconds = await bareUpserts(store.url, lanes);
  const cpuMs = treeCpuMs(store.pid) - before;
  return { perSec: events.length / seconds, cpuUs: { postgres: (cpuMs * 1_000) / events.length } };
}

async function consumed(store: Store, source: Source, events: readonly LogEvent[]): Promise<Pace> {
  await append(source, events);
  await store.sql`checkpoint`;
  const offsets = async () => {
    const [row] = await store.sql<{ sum: number }[]>`
      select coalesce(sum(next_offset), 0)::float8 as sum from consumer_offset`;
    return row?.sum ?? 0;
  };
  const before = await offsets();
  await using tree = await Server.tree({
    databaseUrl: store.url,
    roles: "http,consumer",
    env: { ...source.env, CONSUMER_WORKERS: String(WORKERS) },
  });
  return await paceOf(events.length, async () => (await offsets()) - before, {
    reco: () => treeCpuMs(tree.pid),
    postgres: () => treeCpuMs(store.pid),
  });
}

async function append({ log, partitions }: Source, events: readonly LogEvent[]): Promise<void> {
  await using producer = await log.producer();
  for (const topic of Object.values(TOPICS)) await producer.ensureTopic(topic, partitions);
  for (let at = 0; at < events.length; at += APPEND) {
    const records = events.slice(at, at + APPEND).map(asRecord);
    const results = await producer.produce(records, Deadline.after(APPEND_MS));
    const failed = results.find(({ status }) => status !== "acked");
    if (failed) throw new Error(JSON.stringify(failed));
  }
}

const figuresOf = (rounds: readonly Round[]) =>
  (["embedded", "kafka"] as const).flatMap((log) => {
    const samples = rounds.map((round) => ({ value: round[log].perSec, reference: round.bare.perSec }));
    const bar = { is: ">=" } as const;
    return [
      figure(`applied from ${log}, beside bare upserts`, "events/s", "bare upserts", samples, {
        ...bar,
        of: "ratio",
        limit: 0.5,
      }),
      figure(`applied from ${log}, two workers`, "events/s", "bare upserts", samples, {
        ...bar,
        of: "value",
        limit: 6_000,
      }),
    ];
  });
