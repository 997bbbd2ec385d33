/** The compiled program on Kafka: a broker that is killed under load loses nothing that was acknowledged. */

import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { expectNothingLost, storeOf } from "../support/history-check.ts";
import { kafkaMissing, startKafka } from "../support/kafka/broker.ts";
import { Load } from "../support/load.ts";
import { Tree } from "../support/tree.ts";

const missing = kafkaMissing();

describe.skipIf(missing !== null)(`on Kafka${missing === null ? "" : ` (${missing})`}`, () => {
  test("a killed broker stops neither the API nor, once it is back, the features", async () => {
    await using kafka = await startKafka();
    const env = { KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrap, KAFKA_REQUEST_TIMEOUT_MS: "5000" };
    await using tree = await Tree.start({ form: "binary", env });
    await using load = new Load(tree);
    const acknowledged = (more: number) => {
      const wanted = load.acknowledged.length + more;
      return eventually(() => expect(load.acknowledged.length).toBeGreaterThan(wanted), {
        timeoutMs: 45_000,
      });
    };
    await acknowledged(200);

    await kafka.kill();
    await acknowledged(200);
    await kafka.restart();
    await acknowledged(200);
    await load.stop();

    expect(load.troubles("watch")).toEqual([]);
    // Quiet is judged by the outbox; how far consumers are with the broker's records shows in what is missing.
    await eventually(() => expectNothingLost(tree, load.acknowledged), {
      timeoutMs: 60_000,
      intervalMs: 500,
    });
    const sql = storeOf(tree);
    expect(await sql`select 1 from event_log`).toHaveLength(0);
    await sql.end();
  }, 240_000);
});
