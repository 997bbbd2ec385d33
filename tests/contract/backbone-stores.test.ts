/** The stores of relay and consumer, and the simulated ones, against the same contracts. */

import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { seededRandom } from "../../src/core/random.ts";
import { bodyHash } from "../../src/events/body-hash.ts";
import { planEvent } from "../../src/events/plan.ts";
import { createIngestStore } from "../../src/stores/postgres/ingest-store.ts";
import { ensureOutboxPartitions } from "../../src/stores/postgres/outbox-partitions.ts";
import { createOutboxStore } from "../../src/stores/postgres/outbox-store.ts";
import { Realm } from "../simulation/realm.ts";
import { OUTBOX_PARTITIONS, PLAN } from "../simulation/settings.ts";
import { createStorePorts } from "../simulation/store-ports.ts";
import { Stores } from "../simulation/stores.ts";
import { World } from "../simulation/world.ts";
import { query, storeOf } from "../support/backbone.ts";
import { testDatabase } from "../support/databases.ts";
import { aWatchEvent } from "../support/plans.ts";
import { describeConsumerStore } from "./consumer-store-suite.ts";
import { describeOutboxStore } from "./outbox-store-suite.ts";

/** The plan of one watch, as ingest makes it. */
function aPlan(eventId: string, userId: string) {
  const event = aWatchEvent({ eventId, userId });
  const plan = planEvent(event, bodyHash(event), PLAN);
  if (!plan.ok) throw new Error(plan.error);
  return plan.value;
}

/** Simulated stores on the real clock, without faults and without delay. */
function simulated() {
  const world = new World(1);
  world.calm = true;
  world.nowMs = () => systemClock.nowMs();
  const stores = new Stores(world);
  const realm = new Realm("contract", 1, world.scheduler, seededRandom(1));
  const ports = createStorePorts(world, realm, stores, {
    async call({ begin, effect }) {
      begin?.();
      return effect();
    },
  });
  return { stores, ports };
}

const noResource = {
  async [Symbol.asyncDispose]() {
    // Holds nothing.
  },
};

describeOutboxStore("postgres", async () => {
  const database = await testDatabase();
  const pool = database.pool();
  await ensureOutboxPartitions(pool, OUTBOX_PARTITIONS, Deadline.after(10_000));
  const ingest = createIngestStore(pool, systemClock);
  return {
    outbox: createOutboxStore(pool),
    partitions: OUTBOX_PARTITIONS,
    accept: async (eventId, userId) => {
      await ingest.accept([aPlan(eventId, userId)], Deadline.after(10_000));
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
});

describeOutboxStore("simulated", async () => {
  const { ports } = simulated();
  return {
    outbox: ports.outbox,
    partitions: OUTBOX_PARTITIONS,
    accept: async (eventId, userId) => {
      await ports.ingest.accept([aPlan(eventId, userId)], Deadline.after(10_000));
    },
    ...noResource,
  };
});

describeConsumerStore("postgres", async () => {
  const database = await testDatabase();
  const pool = database.pool();
  return {
    store: storeOf(pool),
    popularityOf: async (itemId) => {
      const [row] = await query(pool, `select score::int from item_popularity where item_id = '${itemId}'`);
      return Number(row?.["score"] ?? 0);
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
});

describeConsumerStore("simulated", async () => {
  const { ports, stores } = simulated();
  return {
    store: ports.consumer,
    popularityOf: async (itemId) => stores.features.tables.popularity.get(itemId) ?? 0,
    ...noResource,
  };
});
