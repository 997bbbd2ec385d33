/**
 * HTTP, Kafka, PostgreSQL and the whole tree on the same cores: what they take for as long as one likes, and how soon a
 * watch is in the next answer and in the stored features at 1,000 events a second.
 */

import { ITEMS, USERS } from "../data/names.ts";
import { runLoad } from "../load/plan.ts";
import { withEvents } from "../support/background-events.ts";
import { consumedRecords, untilConsumed } from "../support/drained.ts";
import { type Figure, figure } from "../support/figure.ts";
import { type FreshnessSample, freshnessSamples } from "../support/freshness-samples.ts";
import { withFreshnessTree } from "../support/freshness-tree.ts";
import { kafkaLog, startBroker } from "../support/kafka-log.ts";
import type { PartOptions, PartResult } from "../support/part.ts";
import { rawEventsPerSec } from "../support/raw-inserts.ts";
import { Server } from "../support/server.ts";
import { openStore, type Store } from "../support/store.ts";
import { freshnessFigures } from "./freshness.ts";

const EVENTS_A_BATCH = 100;
const BATCHES = { kind: "batch", users: USERS, items: ITEMS, size: EVENTS_A_BATCH } as const;
const BATCH_CONNECTIONS = 8;
const RAW_CONNECTIONS = 4;
/** Long enough for the loop's buffers to matter less than its pace. */
const SUSTAINED_TIMES = 5;
const BACKGROUND = { kind: "watch", perSec: 1_000, connections: 32 } as const;
const SAMPLES_A_ROUND = 100;
const WARM_UP_SAMPLES = 10;

interface Round {
  /** Events a second of bare inserts, and of the loop from the first to the last one's features. */
  readonly raw: number;
  readonly sustained: number;
  readonly samples: readonly FreshnessSample[];
}

export async function loop(options: PartOptions): Promise<PartResult> {
  await using store = await openStore();
  await using broker = await startBroker();
  const { env } = kafkaLog(broker);
  const rounds: Round[] = [];
  for (let round = 0; round < options.rounds; round++) {
    await store.clearWrites();
    const raw = await rawEventsPerSec(store.url, "watch", RAW_CONNECTIONS, options.seconds);
    await store.clearWrites();
    const sustained = await sustainedPerSec(store, env, options.seconds * SUSTAINED_TIMES);
    await store.clearWrites();
    const samples = await withFreshnessTree(store, env, ({ port, clients }) =>
      withEvents(port, BACKGROUND, async () => {
        // Consumers join their group, and make up for what came meanwhile.
        await freshnessSamples(store, clients, ["watch"], WARM_UP_SAMPLES);
        return freshnessSamples(store, clients, ["watch"], SAMPLES_A_ROUND);
      }),
    );
    rounds.push({ raw, sustained, samples });
    console.error(`round ${round + 1}: raw ${raw.toFixed(0)}, sustained ${sustained.toFixed(0)} events/s`);
    const shed = samples.reduce((sum, { shedAnswers }) => sum + shedAnswers, 0);
    if (shed > 0) console.error(`${shed} answers to ${SAMPLES_A_ROUND} samples were 503`);
  }
  return { figures: figuresOf(rounds), rounds, refused: [] };
}

async function sustainedPerSec(
  store: Store,
  env: Readonly<Record<string, string>>,
  seconds: number,
): Promise<number> {
  await using tree = await Server.tree({
    databaseUrl: store.url,
    roles: "http,relay,consumer,monitor",
    env,
  });
  const before = await consumedRecords(store.sql);
  const startedMs = performance.now();
  const { statuses } = await runLoad({
    port: tree.port,
    connections: BATCH_CONNECTIONS,
    request: BATCHES,
    ratePerSec: null,
    warmUpMs: 0,
    measureMs: seconds * 1_000,
    pids: [],
  });
  const odd = Object.keys(statuses).filter((status) => status !== "200");
  if (odd.length > 0) throw new Error(`batches were answered ${odd.join(", ")}`);
  const [stored] = await store.sql<{ count: number }[]>`select count(*)::int from ingested_event`;
  const events = stored?.count ?? 0;
  await untilConsumed(store.sql, before, events);
  return events / ((performance.now() - startedMs) / 1_000);
}

function figuresOf(rounds: readonly Round[]): Figure[] {
  const sustained = rounds.map((round) => ({ value: round.sustained, reference: round.raw }));
  return [
    figure("/log/batch through the whole loop with Kafka", "events/s", "bare inserts", sustained, {
      of: "value",
      is: ">=",
      limit: 3_000,
    }),
    ...freshnessFigures(
      "watch",
      rounds.map(({ samples }) => samples),
      250,
    ).map((each) => ({ ...each, what: `at ${BACKGROUND.perSec} events/s, Kafka: ${each.what}` })),
  ];
}
