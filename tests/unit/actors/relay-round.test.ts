/** What a round does about records without an answer, about a turn that never comes, and about a mark of unknown outcome. */

import { describe, expect, test } from "bun:test";
import { BlockedKeys } from "../../../src/actors/relay-blocked.ts";
import { RelayLeases } from "../../../src/actors/relay-leases.ts";
import { createRelayMetrics } from "../../../src/actors/relay-metrics.ts";
import { Reservations } from "../../../src/actors/relay-reservations.ts";
import { runRound } from "../../../src/actors/relay-round.ts";
import { Turns } from "../../../src/actors/relay-turns.ts";
import { Deadline } from "../../../src/core/deadline.ts";
import { StoreUnavailableError } from "../../../src/core/errors.ts";
import type {
  EventLogProducer,
  OutboxMark,
  OutboxRow,
  OutboxStore,
  ProduceResult,
} from "../../../src/events/ports.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { relaySettings, silentLog } from "../../support/backbone.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { anOutboxRow } from "../../support/outbox-rows.ts";

const ACKED: ProduceResult = { status: "acked" };
const NEVER = Promise.withResolvers<never>().promise;

/** A relay that holds the partitions 0 and 1, and what its marks told the store. */
async function aRelay(
  rows: readonly OutboxRow[],
  produce: EventLogProducer["produce"],
  over: Partial<OutboxStore> = {},
) {
  const clock = manualClock();
  const settings = relaySettings({ partitions: 2 });
  const marked: OutboxMark[] = [];
  const outbox: Partial<OutboxStore> = {
    heartbeat: async () => ({ liveRelays: 1 }),
    take: async () => [0, 1].map((partition) => ({ partition, epoch: 1n })),
    blockedKeys: async () => [],
    claim: async () => rows,
    async mark(marks) {
      marked.push(...marks);
      return new Set(marks.map(({ row }) => row.id));
    },
    ...over,
  };
  const blocked = new BlockedKeys();
  const reservations = new Reservations();
  const leases = new RelayLeases(outbox as OutboxStore, settings, clock, blocked, reservations);
  await leases.maintain(Deadline.after(1_000, clock));
  const producer: Partial<EventLogProducer> = { produce };
  const ports = {
    ...{ settings, clock, leases, reservations, blocked, log: silentLog, progress: () => {} },
    outbox: outbox as OutboxStore,
    producer: producer as EventLogProducer,
    turns: new Turns(),
    metrics: createRelayMetrics(createMetrics()),
  };
  const round = () => runRound(ports, { lane: 0, partitions: leases.usable(), limit: 100 });
  return { clock, leases, ports, round, told: () => marked.map(({ row, kind }) => `${row.id} ${kind}`) };
}

const twoRows = [anOutboxRow({ id: 1n, key: "a" }), anOutboxRow({ id: 2n, key: "b", partition: 1 })];

describe("runRound", () => {
  test("marks what was acknowledged as published, though the log never answers for another record", async () => {
    const { clock, round, told } = await aRelay(twoRows, async (records, deadline) => {
      await clock.sleep(1); // As a producer that asks for metadata first.
      const answers = [NEVER, Promise.resolve(ACKED)];
      return Promise.all(
        records.map((_, index) =>
          deadline
            .race(answers[index] ?? NEVER)
            .catch((): ProduceResult => ({ status: "unknown", error: "late" })),
        ),
      );
    });
    const outcome = round();
    await clock.advance(5_000);

    expect(await outcome).toEqual({ kind: "worked", sent: 2, acked: 1, logDown: false });
    expect(told()).toEqual(["1 failed", "2 published"]);
  });

  test("counts no attempt of rows that got no turn, nor takes the log for down", async () => {
    let produced = 0;
    const { clock, ports, round, told } = await aRelay(twoRows, async (records) => {
      produced++;
      return records.map(() => ACKED);
    });
    await ports.turns.take(Deadline.after(1, clock));
    const outcome = round();
    await clock.advance(1_500);

    expect(await outcome).toEqual({ kind: "worked", sent: 0, acked: 0, logDown: false });
    expect([produced, told()]).toEqual([0, []]);
  });

  test("gives a publish its whole time from the start of its turn", async () => {
    const { clock, ports, round, told } = await aRelay(twoRows, async (records, deadline) => {
      await deadline.race(clock.sleep(450));
      return records.map(() => ACKED);
    });
    const endTurn = await ports.turns.take(Deadline.after(1, clock));
    const outcome = round();
    await clock.advance(900);
    endTurn?.();
    await clock.advance(1_000);

    expect(await outcome).toMatchObject({ sent: 2, acked: 2 });
    expect(told()).toEqual(["1 published", "2 published"]);
  });

  test("does not send what lost its lease's trust while it waited for its turn", async () => {
    const { clock, leases, ports, round, told } = await aRelay(twoRows, async (records) =>
      records.map(() => ACKED),
    );
    const endTurn = await ports.turns.take(Deadline.after(1, clock));
    const outcome = round();
    await clock.advance(1);
    leases.drop(1);
    endTurn?.();

    expect(await outcome).toMatchObject({ sent: 1, acked: 1 });
    expect(told()).toEqual(["1 published"]);
  });

  test("fences a mark off that may still be carried out: its partitions are used again under a new epoch alone", async () => {
    const rows = [anOutboxRow({ id: 1n }), anOutboxRow({ id: 2n })];
    const down: ProduceResult = { status: "failed", class: "retryable", error: "down" };
    const { leases, round } = await aRelay(rows, async (records) => records.map(() => down), {
      mark: () => Promise.reject(new StoreUnavailableError("timeout", "the store did not answer in time")),
    });
    const before = leases.usable();
    const outcome = await round();

    expect([before, outcome.kind, leases.usable()]).toEqual([[0, 1], "failed", [1]]);
  });
});
