/** What the lanes of a relay tell the supervisor about themselves. */

import { expect, test } from "bun:test";
import { BlockedKeys } from "../../../src/actors/relay-blocked.ts";
import { RelayLanes } from "../../../src/actors/relay-lanes.ts";
import type { RelayLeases } from "../../../src/actors/relay-leases.ts";
import { createRelayMetrics } from "../../../src/actors/relay-metrics.ts";
import { Reservations } from "../../../src/actors/relay-reservations.ts";
import { roundTimeoutMs } from "../../../src/actors/relay-round.ts";
import { Turns } from "../../../src/actors/relay-turns.ts";
import { seededRandom } from "../../../src/core/random.ts";
import type { EventLogProducer, OutboxStore } from "../../../src/events/ports.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { relaySettings, silentLog } from "../../support/backbone.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { anOutboxRow } from "../../support/outbox-rows.ts";

/** Lanes over the partitions 0 and 1, of which one each is a lane's. */
function someLanes(claim: OutboxStore["claim"], isTrusted = () => true) {
  const clock = manualClock();
  const settings = relaySettings({ partitions: 2 });
  let reports = 0;
  const lanes = new RelayLanes({
    round: {
      ...{ settings, clock, log: silentLog, turns: new Turns(), blocked: new BlockedKeys() },
      outbox: { claim } as OutboxStore,
      producer: {} as EventLogProducer,
      leases: { usable: () => [0, 1], isTrusted } as unknown as RelayLeases,
      reservations: new Reservations(),
      metrics: createRelayMetrics(createMetrics()),
      progress: () => {
        reports++;
      },
    },
    random: seededRandom(1),
    onPublished: () => {},
  });
  /** Reports within so long. */
  const reported = async (ms: number) => {
    const before = reports;
    await clock.advance(ms);
    return reports - before;
  };
  return { lanes, reported, hungAfterMs: roundTimeoutMs(settings) };
}

test("a lane that hangs is not hidden by an idle one", async () => {
  const never = Promise.withResolvers<never>().promise;
  const { lanes, reported, hungAfterMs } = someLanes(([partition]) =>
    partition === 0 ? never : Promise.resolve([]),
  );
  void lanes.run(new AbortController().signal);

  expect(await reported(hungAfterMs - 1)).toBeGreaterThan(0);
  expect(await reported(60_000)).toBe(0);
});

test("a lane that throws leaves no round behind", async () => {
  const rows = async () => [anOutboxRow()];
  const { lanes, reported } = someLanes(rows, () => {
    throw new TypeError("a bug");
  });
  const running = lanes.run(new AbortController().signal).catch((error: Error) => error.message);
  await reported(10_000);

  expect([await running, lanes.busy]).toEqual(["a bug", false]);
});
