/** The compiled program behind a network that is slow, breaks connections and swallows bytes: nothing acknowledged is lost. */

import { describe, expect, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { FaultProxy, throughPort } from "../support/fault-proxy.ts";
import { expectNothingLost } from "../support/history-check.ts";
import { kafkaMissing, startKafka } from "../support/kafka/broker.ts";
import { Load } from "../support/load.ts";
import { freePort } from "../support/ports.ts";
import { Tree } from "../support/tree.ts";

const RECOVERY_MS = 90_000;

/** Everything that can happen to a connection, one after another, each for some seconds under load. */
async function torment(proxy: FaultProxy, load: Load): Promise<void> {
  const underLoad = async (seconds: number) => {
    await systemClock.sleep(seconds * 1_000);
  };
  proxy.set({ latencyMs: 15, jitterMs: 10 });
  await underLoad(3);
  proxy.set({ slicer: 50, latencyMs: 2 });
  await underLoad(2);
  for (let resets = 0; resets < 10; resets++) {
    proxy.set({ latencyMs: 3 });
    proxy.resetPeers();
    await underLoad(0.3);
  }
  // Answers are lost on the way back, so that what was done is not known.
  proxy.set({ limitData: 20_000 }, "downstream");
  await underLoad(2);
  proxy.set({ timeout: true }, "downstream");
  await underLoad(4);
  proxy.set({ timeout: true });
  await underLoad(4);
  await proxy.down();
  await underLoad(2);
  proxy.heal();
  await proxy.up();
  const before = load.acknowledged.length;
  await eventually(() => expect(load.acknowledged.length).toBeGreaterThan(before + 200), {
    timeoutMs: RECOVERY_MS,
    intervalMs: 100,
  });
}

const started = (load: Load) =>
  eventually(() => expect(load.acknowledged.length).toBeGreaterThan(200), { timeoutMs: RECOVERY_MS });

test("between the tree and PostgreSQL", async () => {
  await using database = await testDatabase();
  await using proxy = await FaultProxy.to(database.url, { seed: 1 });
  await using tree = await Tree.start({
    form: "binary",
    env: { DATABASE_URL: throughPort(database.url, proxy.port), OUTBOX_RELAY_LEASE_SEC: "10" },
  });
  await using load = new Load(tree, { workers: 4 });
  await started(load);
  await torment(proxy, load);
  await load.stop();
  expect(load.troubles("reco")).toEqual([]);
  for (const route of ["watch", "direct"]) {
    expect(load.troubles(route).filter((answer) => !/ 50[34] /.test(answer))).toEqual([]);
  }
  await eventually(() => expectNothingLost(database.url, load.acknowledged), {
    timeoutMs: RECOVERY_MS,
    intervalMs: 500,
  });
}, 300_000);

const missing = kafkaMissing();

describe.skipIf(missing !== null)(`on Kafka${missing === null ? "" : ` (${missing})`}`, () => {
  test("between the tree and its broker", async () => {
    // Clients go where the broker says that it is.
    const port = freePort();
    await using kafka = await startKafka({
      properties: { "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}` },
    });
    await using proxy = await FaultProxy.open({
      port,
      targetPort: Number(kafka.bootstrap.split(":")[1]),
      seed: 2,
    });
    await using tree = await Tree.start({
      form: "binary",
      env: { KAFKA_BOOTSTRAP_SERVERS: `127.0.0.1:${proxy.port}`, KAFKA_REQUEST_TIMEOUT_MS: "3000" },
    });
    await using load = new Load(tree, { workers: 4 });
    await started(load);
    await torment(proxy, load);
    await load.stop();
    // The API does not know the broker.
    for (const route of ["watch", "direct", "reco"]) expect(load.troubles(route)).toEqual([]);
    await eventually(() => expectNothingLost(tree, load.acknowledged), {
      timeoutMs: RECOVERY_MS,
      intervalMs: 500,
    });
  }, 300_000);
});
