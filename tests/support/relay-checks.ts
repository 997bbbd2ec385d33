/** Checks of the relay's guarantees that hold for the real ports and must fail on broken ones. */

import { expect } from "bun:test";
import type { Relay } from "../../src/actors/relay-runner.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { armFailpoints } from "../../src/core/failpoint.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { EventLog, EventLogProducer, OutboxStore } from "../../src/events/ports.ts";
import { createOutboxStore } from "../../src/stores/postgres/outbox-store.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import {
  embeddedLog,
  ingest,
  loggedByUser,
  metricValue,
  query,
  type Running,
  startRelay,
  TOPICS,
} from "./backbone.ts";
import { eventually } from "./eventually.ts";
import { aWatchEvent } from "./plans.ts";

export interface RelayStores {
  readonly outbox: OutboxStore;
  readonly eventLog: EventLog;
}

/** What stands between a relay and its stores: nothing, or a mutant. */
export type WrapStores = (stores: RelayStores, pool: Pool) => RelayStores;

export const realStores: WrapStores = (stores) => stores;

const storesOf = (pool: Pool): RelayStores => ({
  outbox: createOutboxStore(pool),
  eventLog: embeddedLog(pool),
});

/** An outbox with another implementation of some operations. */
export const withOutbox = (stores: RelayStores, over: Partial<OutboxStore>): RelayStores => ({
  ...stores,
  outbox: { ...stores.outbox, ...over },
});

/** An event log whose producer appends in another way. */
export const withProduce = (
  stores: RelayStores,
  produce: (producer: EventLogProducer) => EventLogProducer["produce"],
): RelayStores => ({
  ...stores,
  eventLog: {
    subscribe: stores.eventLog.subscribe,
    async producer() {
      const producer = await stores.eventLog.producer();
      return {
        ensureTopic: (topic, partitions) => producer.ensureTopic(topic, partitions),
        produce: produce(producer),
        [Symbol.asyncDispose]: () => producer[Symbol.asyncDispose](),
      };
    },
  },
});

/** A gate that calls wait at while it is closed. */
export function gate() {
  let opened = Promise.withResolvers<void>();
  opened.resolve();
  let waiting = 0;
  return {
    close: () => {
      opened = Promise.withResolvers<void>();
    },
    open: () => opened.resolve(),
    waiting: () => waiting,
    async pass(): Promise<void> {
      waiting++;
      await opened.promise;
      waiting--;
    },
  };
}

/** F17: a relay that slept past its lease marks nothing, counts that, and gives the partition up. */
export async function checkZombieStepsDown(pool: Pool, wrap: WrapStores): Promise<void> {
  const frozen = gate();
  const held = gate();
  const stores = wrap(storesOf(pool), pool);
  const zombieOutbox: Partial<OutboxStore> = {
    heartbeat: async (...args) => frozen.pass().then(() => stores.outbox.heartbeat(...args)),
    mark: async (...args) => frozen.pass().then(() => stores.outbox.mark(...args)),
  };
  const outboxConfig = { leaseSec: 2 };
  await using zombie = startRelay(pool, { ...withOutbox(stores, zombieOutbox), outboxConfig });
  await eventually(async () => expect(await shares(pool)).toEqual([8]), { timeoutMs: 10_000 });
  frozen.close();
  await ingest(pool, [aWatchEvent({ eventId: "zombie-01" })]);
  await eventually(() => expect(frozen.waiting()).toBe(1), { timeoutMs: 10_000 });

  held.close();
  const successor = withProduce(storesOf(pool), (producer) => async (...args) => {
    await held.pass();
    return producer.produce(...args);
  });
  await using _successor = startRelay(pool, { ...successor, outboxConfig });
  try {
    await eventually(() => expect(held.waiting()).toBe(1), { timeoutMs: 15_000 });
    frozen.open();
    await eventually(() => expect(metricValue(zombie.metrics, "reco_outbox_fenced_total")).toBe(1), {
      timeoutMs: 5_000,
    });
    expect(await query(pool, "select status, attempt_count from event_outbox")).toEqual([
      { status: "pending", attempt_count: 0 },
    ]);
  } finally {
    frozen.open();
    held.open();
  }
  await eventually(async () => {
    expect(await query(pool, "select status from event_outbox")).toEqual([{ status: "published" }]);
  });
}

/** A relay that dies right after a mark has lost nothing: what is marked was published before. */
export async function checkMarkedMeansPublished(pool: Pool, wrap: WrapStores): Promise<void> {
  const stores = storesOf(pool);
  const dying = withOutbox(stores, {
    async mark(...args) {
      await stores.outbox.mark(...args);
      throw new Error("killed after the mark");
    },
  });
  await using _relay = startRelay(pool, wrap(dying, pool));
  await ingest(pool, [aWatchEvent({ eventId: "marked-01" })]);
  await eventually(async () => {
    expect(await query(pool, "select status from event_outbox")).toEqual([{ status: "published" }]);
  });

  expect([...(await loggedByUser(pool)).values()]).toEqual([["marked-01"]]);
}

/** F24: a row that becomes visible after rows with higher ids were published is published too. */
export async function checkLateRowIsPublished(pool: Pool, wrap: WrapStores): Promise<void> {
  await using _relay = startRelay(pool, wrap(storesOf(pool), pool));
  await pool.transaction("write", Deadline.after(10_000), async (tx) => {
    await tx.unsafe(`
      insert into event_outbox (event_id, event_type, kafka_topic, kafka_key, payload, partition)
      values ('late-0001', 'watch', '${TOPICS.watches}', 'u-late', '{"event_id":"late-0001"}', 0)`);
    await ingest(pool, [aWatchEvent({ eventId: "early-001" })]);
    await eventually(async () => {
      expect(await query(pool, "select event_id, status from event_outbox")).toEqual([
        { event_id: "early-001", status: "published" },
      ]);
    });
  });

  await eventually(
    async () => {
      const open = await query(pool, "select event_id from event_outbox where status <> 'published'");
      expect(open).toEqual([]);
    },
    { timeoutMs: 3_000 },
  );
}

export interface Storm {
  readonly events: number;
  readonly users: number;
  /** Failpoints of all relays: crashes at every n-th round. */
  readonly failpoints: string;
  /** How often a relay sleeps past its lease. */
  readonly freezes: number;
}

/**
 * M1: two relays that crash and sleep past their leases publish every event, and the first occurrences of a user's
 * events keep the order of the outbox. Crashed relays are replaced.
 */
export async function checkOrderUnderFaults(pool: Pool, wrap: WrapStores, storm: Storm): Promise<void> {
  const gates = [gate(), gate()];
  let isOver = false;
  const slot = async (index: number): Promise<void> => {
    while (!isOver) {
      const stores = frozenBy(wrap(storesOf(pool), pool), gates[index] as ReturnType<typeof gate>);
      const relay: Running<Relay> = startRelay(pool, {
        ...stores,
        outboxConfig: { leaseSec: 2, batchSize: 20, pollIntervalMs: 5 },
      });
      await Promise.race([relay.ended, eventually(() => expect(isOver).toBe(true), { timeoutMs: 60_000 })]);
      if (isOver) await relay.actor.stop();
    }
  };
  const slots = [slot(0), slot(1)];
  try {
    await eventually(async () => expect(await shares(pool)).toEqual([4, 4]), { timeoutMs: 10_000 });
    armFailpoints(storm.failpoints);
    const sent = await Promise.all([ingestInBursts(pool, storm), freezeInTurns(gates, storm.freezes)]);
    armFailpoints("");
    await eventually(
      async () => {
        const [open] = await query(
          pool,
          "select count(*)::int as rows from event_outbox where status <> 'published'",
        );
        expect(open).toEqual({ rows: 0 });
      },
      { timeoutMs: 20_000, intervalMs: 100 },
    );
    const logged = await loggedByUser(pool);
    const firsts = new Map([...logged].map(([user, ids]) => [user, [...new Set(ids)]]));
    expect(firsts).toEqual(sent[0]);
  } finally {
    isOver = true;
    armFailpoints("");
    for (const each of gates) each.open();
    await Promise.all(slots);
  }
}

/** Everything a stopped process would not do: calls to the store and to the log wait for the thaw. */
function frozenBy(stores: RelayStores, frozen: ReturnType<typeof gate>): RelayStores {
  const { outbox } = stores;
  return withProduce(
    withOutbox(stores, {
      heartbeat: async (...args) => frozen.pass().then(() => outbox.heartbeat(...args)),
      renew: async (...args) => frozen.pass().then(() => outbox.renew(...args)),
      mark: async (...args) => frozen.pass().then(() => outbox.mark(...args)),
    }),
    (producer) => async (records, deadline) => {
      await frozen.pass();
      // Unevenness, so that two relays are rarely in step.
      await systemClock.sleep(systemRandom.next() * 10);
      return producer.produce(records, deadline);
    },
  );
}

/** Answers the event ids of each user in the order of the outbox. */
async function ingestInBursts(pool: Pool, { events, users }: Storm): Promise<Map<string, string[]>> {
  const burst = 40;
  for (let at = 0; at < events; at += burst) {
    const ids = Array.from({ length: Math.min(burst, events - at) }, (_, index) => at + index);
    await ingest(
      pool,
      ids.map((id) =>
        aWatchEvent({ eventId: `storm-${String(id).padStart(5, "0")}`, userId: `u-${id % users}` }),
      ),
    );
    await systemClock.sleep(10);
  }
  const rows = await query(pool, "select kafka_key, event_id from event_outbox order by id");
  const sent = new Map<string, string[]>();
  for (const { kafka_key: user, event_id: id } of rows) {
    sent.set(String(user), [...(sent.get(String(user)) ?? []), String(id)]);
  }
  return sent;
}

/** Sleeps of 2.3 s against a lease of 2 s. */
async function freezeInTurns(gates: readonly ReturnType<typeof gate>[], freezes: number): Promise<void> {
  for (let turn = 0; turn < freezes; turn++) {
    await systemClock.sleep(150);
    const chosen = gates[turn % gates.length];
    chosen?.close();
    await systemClock.sleep(2_300);
    chosen?.open();
  }
}

/** How many of the 8 partitions each relay holds. */
async function shares(pool: Pool): Promise<unknown[]> {
  const rows = await query(
    pool,
    "select count(*)::int as held from outbox_partition where lease_until > now() group by owner",
  );
  return rows.map(({ held }) => held);
}
