/** What only the embedded event log promises: leases by the store's clock, and answers of bounded size. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import type { EventLogConsumer } from "../../src/events/ports.ts";
import { openPool } from "../../src/stores/postgres/pool.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { embeddedLog, query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";

const WAIT = { timeoutMs: 15_000 };
const MB = 1024 * 1024;

describe("embedded event log", () => {
  let database: TestDatabase;
  let pool: Pool;

  beforeEach(async () => {
    database = await testDatabase();
    pool = database.pool();
  });
  afterEach(() => database[Symbol.asyncDispose]());

  async function aTopic(name: string, partitions: number): Promise<void> {
    await using producer = await embeddedLog(pool).producer();
    await producer.ensureTopic(name, partitions);
  }
  const poll = (consumer: EventLogConsumer) =>
    consumer.poll({ maxRecords: 1000, timeoutMs: 5_000, signal: new AbortController().signal });

  test("gives the partitions of a member that vanished to others when its lease runs out", async () => {
    await aTopic("t", 4);
    const doomed = openPool({ url: database.url, applicationName: "doomed" });
    const vanished = await embeddedLog(doomed).subscribe("group", "vanished", ["t"]);
    expect(vanished.assignments()).toHaveLength(4);
    await doomed.close(0);

    await using heir = await embeddedLog(pool).subscribe("group", "heir", ["t"]);

    await eventually(() => expect(heir.assignments()).toHaveLength(4), WAIT);
    expect(heir.assignments().map(({ generation }) => generation)).toEqual([2, 2, 2, 2]);
    await vanished[Symbol.asyncDispose]();
  });

  test("a member that cannot renew stops using its partitions before others can have them", async () => {
    await aTopic("t", 1);
    const doomed = openPool({ url: database.url, applicationName: "doomed" });
    const cutOff = await embeddedLog(doomed).subscribe("group", "cut-off", ["t"]);

    await doomed.close(0);

    await eventually(async () => {
      expect(cutOff.assignments()).toEqual([]);
    }, WAIT);
    await cutOff[Symbol.asyncDispose]();
  });

  test("finds a topic that is made after the member joined", async () => {
    await using consumer = await embeddedLog(pool).subscribe("group", "early", ["late-topic"]);

    await aTopic("late-topic", 3);

    await eventually(() => expect(consumer.assignments()).toHaveLength(3), WAIT);
  });

  test("keeps an answer under 8 MiB, however many records are asked for", async () => {
    await aTopic("t", 1);
    await using producer = await embeddedLog(pool).producer();
    for (let index = 0; index < 10; index++) {
      await producer.produce(
        [{ topic: "t", key: "k", value: new Uint8Array(MB), headers: {} }],
        Deadline.after(10_000),
      );
    }
    await using consumer = await embeddedLog(pool).subscribe("group", "member", ["t"]);

    const sizes = [(await poll(consumer)).length, (await poll(consumer)).length];

    expect(sizes).toEqual([8, 2]);
  });

  test("answers `unknown topic` as a failure that may pass, and appends once the topic exists", async () => {
    await using producer = await embeddedLog(pool).producer();
    const record = { topic: "coming", key: "k", value: new Uint8Array(1), headers: {} };

    const [before] = await producer.produce([record], Deadline.after(5_000));
    await producer.ensureTopic("coming", 1);
    const [after] = await producer.produce([record], Deadline.after(5_000));

    expect([before, after]).toMatchObject([{ status: "failed", class: "retryable" }, { status: "acked" }]);
  });

  test("leaves no half of a batch when one of its partitions is missing", async () => {
    await aTopic("t", 2);
    await query(pool, "delete from event_log_partition where partition = 1");
    await using producer = await embeddedLog(pool).producer();
    const records = ["a", "b", "c", "d", "e"].map((key) => ({
      topic: "t",
      key,
      value: new Uint8Array(1),
      headers: {},
    }));

    const results = await producer.produce(records, Deadline.after(5_000));

    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(["failed"]));
    expect(await query(pool, "select 1 from event_log")).toEqual([]);
  });

  test("says that it does not know the outcome when the store does not answer in time", async () => {
    await aTopic("t", 1);
    await using producer = await embeddedLog(pool).producer();
    const blocker = pool.transaction("write", Deadline.after(10_000), async (tx) => {
      await tx`select 1 from event_log_partition for update`;
      const [result] = await producer.produce(
        [{ topic: "t", key: "k", value: new Uint8Array(1), headers: {} }],
        Deadline.after(200),
      );
      return result;
    });

    expect(await blocker).toMatchObject({ status: "unknown" });
  });
});
