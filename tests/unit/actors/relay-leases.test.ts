/** Leases of a relay: fair share, trust by the monotonic clock, handing back. */

import { describe, expect, test } from "bun:test";
import { BlockedKeys } from "../../../src/actors/relay-blocked.ts";
import { RelayLeases } from "../../../src/actors/relay-leases.ts";
import { Reservations } from "../../../src/actors/relay-reservations.ts";
import { Deadline } from "../../../src/core/deadline.ts";
import type { OutboxStore, PartitionLease } from "../../../src/events/ports.ts";
import { OUTBOX_CONFIG } from "../../support/backbone.ts";
import { type ManualClock, manualClock } from "../../support/manual-clock.ts";

const SETTINGS = {
  relayId: "relay-a",
  outbox: { ...OUTBOX_CONFIG, partitions: 8, leaseSec: 30, publishTimeoutMs: 10_000 },
  topics: [],
  topicPartitions: 1,
};

/** A store with one relay's view of 8 partitions; `live` relays share them. */
function fakeStore(clock: ManualClock) {
  const state = {
    live: 1,
    owned: new Map<number, bigint>(),
    epoch: 1n,
    renewTakesMs: 0,
    isDown: false,
    refusesResignation: false,
    resigned: [] as number[],
  };
  const guard = () => {
    if (state.isDown) throw new Error("store down");
  };
  const store = {
    async heartbeat() {
      guard();
      return { liveRelays: state.live };
    },
    async take(_relay: string, limit: number) {
      const free = Array.from({ length: 8 }, (_, partition) => partition).filter(
        (each) => !state.owned.has(each),
      );
      const taken = free
        .slice(0, limit)
        .map((partition): PartitionLease => ({ partition, epoch: state.epoch }));
      for (const { partition, epoch } of taken) state.owned.set(partition, epoch);
      return taken;
    },
    async renew(_relay: string, held: readonly PartitionLease[]) {
      guard();
      if (state.renewTakesMs > 0) await clock.sleep(state.renewTakesMs);
      return held.filter(({ partition, epoch }) => state.owned.get(partition) === epoch);
    },
    async resign(_relay: string, held: readonly PartitionLease[]) {
      if (state.refusesResignation) throw new Error("lock timeout");
      for (const { partition } of held) state.owned.delete(partition);
      state.resigned.push(...held.map(({ partition }) => partition));
    },
    async blockedKeys() {
      return [];
    },
    async deregister() {},
  };
  return { state, store: store as unknown as OutboxStore };
}

function setUp() {
  const clock = manualClock();
  const fake = fakeStore(clock);
  const reservations = new Reservations();
  const leases = new RelayLeases(fake.store, SETTINGS, clock, new BlockedKeys(), reservations);
  return {
    clock,
    ...fake,
    leases,
    reservations,
    maintain: () => leases.maintain(Deadline.after(60_000, clock)),
  };
}

describe("RelayLeases", () => {
  test("takes every partition when it is alone", async () => {
    const { leases, maintain } = setUp();

    await maintain();

    expect(leases.usable()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("resigns the surplus when another relay appears", async () => {
    const { leases, maintain, state } = setUp();
    await maintain();
    state.live = 3;

    await maintain();

    expect(leases.heldCount).toBe(3);
    expect(state.resigned).toHaveLength(5);
  });

  test("never resigns a partition in flight", async () => {
    const { maintain, reservations, state } = setUp();
    await maintain();
    reservations.begin(0, [0, 1, 2, 3, 4, 5]);
    reservations.send(0, new Set([0, 1, 2, 3, 4]), 100);
    state.live = 4;

    await maintain();

    expect(state.resigned.sort()).toEqual([5, 6, 7]);
  });

  test("F26: stops trusting a lease before it can run out, whatever the wall clock says", async () => {
    const { leases, maintain, clock } = setUp();
    await maintain();

    await clock.advance(19_999);
    const before = leases.usable().length;
    await clock.advance(2);

    expect([before, leases.usable().length]).toEqual([8, 0]);
  });

  test("counts trust from the start of a slow renewal", async () => {
    const { leases, maintain, clock, state } = setUp();
    await maintain();
    await clock.advance(10_000);
    state.renewTakesMs = 8_000;
    const renewal = maintain();
    await clock.advance(8_000);
    await renewal;

    await clock.advance(11_999);
    const before = leases.usable().length;
    await clock.advance(2);

    expect([before, leases.usable().length]).toEqual([8, 0]);
  });

  test("keeps what it holds while the store is down, until trust ends", async () => {
    const { leases, maintain, clock, state } = setUp();
    await maintain();
    state.isDown = true;

    await clock.advance(10_000);
    const refusal = await maintain().then(
      () => null,
      (error: Error) => error.message,
    );

    expect(refusal).toBe("store down");
    expect(leases.usable()).toHaveLength(8);
  });

  test("drops a partition that another relay took", async () => {
    const { leases, maintain, state } = setUp();
    await maintain();
    state.owned.set(3, 2n);

    await maintain();

    expect(leases.usable()).toEqual([0, 1, 2, 4, 5, 6, 7]);
  });

  test("takes what it gave up under a new epoch, so that a statement still under way changes nothing", async () => {
    const { leases, maintain, state } = setUp();
    await maintain();
    state.epoch = 2n;

    leases.giveUp([2, 5]);
    const meanwhile = leases.usable();
    await maintain();

    expect(meanwhile).toEqual([0, 1, 3, 4, 6, 7]);
    expect(state.resigned).toEqual([2, 5]);
    expect([2, 5, 6].map((partition) => leases.epochOf(partition))).toEqual([2n, 2n, 1n]);
  });

  test("renews what it holds though what it gave up cannot be resigned", async () => {
    const { leases, maintain, state, clock } = setUp();
    await maintain();
    leases.giveUp([2]);
    state.refusesResignation = true;

    await clock.advance(15_000);
    const refusal = await maintain().catch((error: Error) => error.message);
    await clock.advance(15_000);

    expect([refusal, leases.usable()]).toEqual(["lock timeout", [0, 1, 3, 4, 5, 6, 7]]);
  });

  test("gives back at its end what it gave up before", async () => {
    const { leases, maintain, state, clock } = setUp();
    await maintain();
    leases.giveUp([2]);

    await leases.leave(Deadline.after(1_000, clock));

    expect(state.owned.size).toBe(0);
  });

  test("gives everything back when it leaves", async () => {
    const { leases, maintain, state, clock } = setUp();
    await maintain();

    await leases.leave(Deadline.after(1_000, clock));

    expect([leases.heldCount, state.owned.size]).toEqual([0, 0]);
  });
});
