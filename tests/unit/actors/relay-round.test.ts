/** What a round does about a mark whose outcome is unknown. */

import { expect, test } from "bun:test";
import { BlockedKeys } from "../../../src/actors/relay-blocked.ts";
import { RelayLeases } from "../../../src/actors/relay-leases.ts";
import { createRelayMetrics } from "../../../src/actors/relay-metrics.ts";
import { Reservations } from "../../../src/actors/relay-reservations.ts";
import { runRound } from "../../../src/actors/relay-round.ts";
import { Deadline } from "../../../src/core/deadline.ts";
import { StoreUnavailableError } from "../../../src/core/errors.ts";
import type { EventLogProducer, OutboxRow, OutboxStore } from "../../../src/events/ports.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { relaySettings, silentLog } from "../../support/backbone.ts";
import { manualClock } from "../../support/manual-clock.ts";

const aRow = (id: bigint, partition: number): OutboxRow => ({
  ...{ id, partition, eventId: `event-${id}`, eventType: "watch", topic: "watches", key: "u-1" },
  ...{ payload: "{}", headers: null, createdAtMs: 0, attemptCount: 0, maxAttempts: 25 },
});

test("a mark that may still be carried out is fenced off: its partitions are used again under a new epoch alone", async () => {
  const clock = manualClock();
  const settings = relaySettings({ partitions: 2 });
  const outbox: Partial<OutboxStore> = {
    heartbeat: async () => ({ liveRelays: 1 }),
    take: async () => [0, 1].map((partition) => ({ partition, epoch: 1n })),
    blockedKeys: async () => [],
    claim: async () => [aRow(1n, 0), aRow(2n, 0)],
    mark: () => Promise.reject(new StoreUnavailableError("timeout", "the store did not answer in time")),
  };
  const producer: Partial<EventLogProducer> = {
    produce: async (records) => records.map(() => ({ status: "failed", class: "retryable", error: "down" })),
  };
  const blocked = new BlockedKeys();
  const reservations = new Reservations();
  const leases = new RelayLeases(outbox as OutboxStore, settings, clock, blocked, reservations);
  await leases.maintain(Deadline.after(1_000, clock));
  const before = leases.usable();

  const outcome = await runRound(
    {
      ...{ settings, clock, leases, reservations, blocked, log: silentLog, progress: () => {} },
      outbox: outbox as OutboxStore,
      producer: producer as EventLogProducer,
      metrics: createRelayMetrics(createMetrics()),
    },
    { lane: 0, partitions: before, limit: 100 },
  );

  expect([before, outcome.kind, leases.usable()]).toEqual([[0, 1], "failed", [1]]);
});
