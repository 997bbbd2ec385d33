/** What every event log must do; each driver runs this suite. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import { partitionFor } from "../../src/events/partitioner.ts";
import type {
  Assignment,
  EventLog,
  EventLogConsumer,
  LogRecord,
  ProduceRecord,
  ProduceResult,
} from "../../src/events/ports.ts";
import { eventually } from "../support/eventually.ts";

export interface LogUnderTest extends AsyncDisposable {
  readonly log: EventLog;
  /** A name no other test uses. */
  topic(): string;
  /** Bytes that no record may have. */
  readonly tooLarge: number;
}

const PARTITIONS = 4;
/** Rebalancing takes a few renewals, or a lease. */
const SETTLE = { timeoutMs: 15_000 };

const text = (value: string) => new TextEncoder().encode(value);
const aRecord = (topic: string, key: string, value: string | Uint8Array): ProduceRecord => ({
  topic,
  key,
  value: typeof value === "string" ? text(value) : value,
  headers: { event_id: `id-${key}` },
});

export function describeEventLog(name: string, open: () => Promise<LogUnderTest>): void {
  describe(`event log: ${name}`, () => {
    let under: LogUnderTest;

    // Brokers take their time on a loaded machine.
    beforeAll(async () => {
      under = await open();
    }, 150_000);
    afterAll(() => under[Symbol.asyncDispose]());

    async function aTopic(partitions = PARTITIONS): Promise<string> {
      const topic = under.topic();
      await using producer = await under.log.producer();
      await producer.ensureTopic(topic, partitions);
      return topic;
    }
    async function produce(records: readonly ProduceRecord[]): Promise<readonly ProduceResult[]> {
      await using producer = await under.log.producer();
      return await producer.produce(records, Deadline.after(10_000));
    }
    const join = (topic: string, options: { group?: string; member?: string } = {}) =>
      under.log.subscribe(options.group ?? `group-${topic}`, options.member ?? "member-a", [topic]);

    test("returns key, value, headers and time of a record as they were produced", async () => {
      const topic = await aTopic(1);
      const value = Uint8Array.from([0, 255, 128, 10, 13, 34, 92]);
      await produce([aRecord(topic, "Zoë", value)]);
      await using consumer = await join(topic);

      const [record] = await readAll(consumer, 1);

      expect({
        key: Buffer.from(record?.key ?? []).toString(),
        value: [...(record?.value ?? [])],
        headers: record?.headers,
        offset: record?.offset,
      }).toEqual({ key: "Zoë", value: [...value], headers: { event_id: "id-Zoë" }, offset: 0n });
      expect(Math.abs((record?.timestampMs ?? 0) - Date.now())).toBeLessThan(60_000);
    });

    test("puts a key where Kafka's default partitioner puts it, in order of production", async () => {
      const topic = await aTopic(PARTITIONS);
      const keys = ["user-1", "smoke-user-4", "42", "Zoë", "21", "abc"];
      const rounds = [0, 1, 2].flatMap((round) => keys.map((key) => aRecord(topic, key, `${key}-${round}`)));
      await produce(rounds);
      await using consumer = await join(topic);

      const records = await readAll(consumer, rounds.length);

      for (const key of keys) {
        const own = records.filter((record) => Buffer.from(record.key ?? []).toString() === key);
        expect(own.map((record) => Buffer.from(record.value ?? []).toString())).toEqual([
          `${key}-0`,
          `${key}-1`,
          `${key}-2`,
        ]);
        expect(new Set(own.map(({ partition }) => partition))).toEqual(
          new Set([partitionFor(key, PARTITIONS)]),
        );
      }
    });

    test("keeps an existing topic as it is when it is ensured again", async () => {
      const topic = await aTopic(2);
      await produce([aRecord(topic, "a", "1")]);
      await using producer = await under.log.producer();

      await producer.ensureTopic(topic, 2);

      await using consumer = await join(topic);
      expect((await readAll(consumer, 1)).length).toBe(1);
      expect(await settledAssignments(consumer, 2)).toHaveLength(2);
    });

    test("gives concurrent producers dense offsets and keeps the order of each", async () => {
      const topic = await aTopic(2);
      const batches = (producer: string) =>
        Array.from({ length: 8 }, (_, batch) =>
          Array.from({ length: 5 }, (_, index) =>
            aRecord(topic, `${producer}-key`, `${producer}-${batch}-${index}`),
          ),
        );
      const produceInOrder = async (name: string) => {
        await using producer = await under.log.producer();
        for (const batch of batches(name)) await producer.produce(batch, Deadline.after(10_000));
      };

      await Promise.all(["p", "q", "r"].map(produceInOrder));

      await using consumer = await join(topic);
      const records = await readAll(consumer, 120);
      for (const partition of [0, 1]) {
        const offsets = records
          .filter((record) => record.partition === partition)
          .map(({ offset }) => offset);
        expect(offsets).toEqual(offsets.map((_, index) => BigInt(index)));
      }
      for (const producer of ["p", "q", "r"]) {
        const own = records.map((record) => Buffer.from(record.value ?? []).toString());
        expect(own.filter((value) => value.startsWith(`${producer}-`))).toEqual(
          batches(producer).flatMap((batch) => batch.map(({ value }) => Buffer.from(value).toString())),
        );
      }
    });

    test("refuses a record that is too large for good, and appends the others", async () => {
      const topic = await aTopic(1);

      const results = await produce([
        aRecord(topic, "a", "before"),
        aRecord(topic, "a", new Uint8Array(under.tooLarge)),
        aRecord(topic, "a", "after"),
      ]);

      expect(results.map((result) => (result.status === "failed" ? result.class : result.status))).toEqual([
        "acked",
        "too_large",
        "acked",
      ]);
    });

    test("refuses a topic that can never exist for good", async () => {
      const [result] = await produce([aRecord("no topic!", "a", "1")]);

      expect(result).toMatchObject({ status: "failed", class: "fatal" });
    });

    test("reads a new group from the start and a known group from its commit", async () => {
      const topic = await aTopic(1);
      await produce(["1", "2", "3"].map((value) => aRecord(topic, "a", value)));
      {
        await using first = await join(topic);
        await readAll(first, 3);
        await first.commit((await settledAssignments(first, 1))[0] as Assignment, 2n);
      }

      await using second = await join(topic, { member: "member-b" });
      await using other = await join(topic, { group: `other-${topic}` });

      expect((await readAll(second, 1)).map(({ offset }) => offset)).toEqual([2n]);
      expect((await readAll(other, 3)).map(({ offset }) => offset)).toEqual([0n, 1n, 2n]);
    });

    test("reads again from where it was told to seek", async () => {
      const topic = await aTopic(1);
      await produce(["1", "2", "3"].map((value) => aRecord(topic, "a", value)));
      await using consumer = await join(topic);
      await readAll(consumer, 3);

      consumer.seek(consumer.assignments()[0] as Assignment, 1n);

      expect((await readAll(consumer, 2)).map(({ offset }) => offset)).toEqual([1n, 2n]);
    });

    test("keeps a paused partition back until it is resumed, while others flow", async () => {
      const topic = await aTopic(PARTITIONS);
      await using consumer = await join(topic);
      const assignments = await settledAssignments(consumer, PARTITIONS);
      const paused = assignments.find(
        ({ partition }) => partition === partitionFor("21", PARTITIONS),
      ) as Assignment;
      const flowing = ["abc", "42", "Zoë"].find(
        (key) => partitionFor(key, PARTITIONS) !== paused.partition,
      ) as string;
      consumer.pause(paused);
      await produce([aRecord(topic, "21", "held"), aRecord(topic, flowing, "flows")]);

      const whilePaused = await readAll(consumer, 1);
      consumer.resume(paused);
      const afterResume = await readAll(consumer, 1);

      const values = (records: readonly LogRecord[]) =>
        records.map((record) => Buffer.from(record.value ?? []).toString());
      expect([values(whilePaused), values(afterResume)]).toEqual([["flows"], ["held"]]);
    });

    test("knows the bounds of a partition and how far its reader is behind", async () => {
      const topic = await aTopic(1);
      await using consumer = await join(topic);
      const [assignment] = await settledAssignments(consumer, 1);
      await produce(["1", "2", "3"].map((value) => aRecord(topic, "a", value)));

      const bounds = await consumer.bounds(assignment as Assignment);
      const before = await consumer.lag();
      await readAll(consumer, 3);
      const after = await consumer.lag();

      expect(bounds).toEqual({ start: 0n, end: 3n });
      expect([before, after].map((lags) => lags.map(({ lag }) => lag))).toEqual([[3], [0]]);
    });

    test("answers no more records than asked for", async () => {
      const topic = await aTopic(1);
      await produce(["1", "2", "3"].map((value) => aRecord(topic, "a", value)));
      await using consumer = await join(topic);

      const records = await eventually(async () => {
        const polled = await poll(consumer, 2);
        expect(polled.length).toBeGreaterThan(0);
        return polled;
      }, SETTLE);

      expect(records.length).toBeLessThanOrEqual(2);
    });

    test("ends a waiting poll when its signal is aborted", async () => {
      const topic = await aTopic(1);
      await using consumer = await join(topic);
      const hint = new AbortController();

      const waiting = consumer.poll({ maxRecords: 10, timeoutMs: 60_000, signal: hint.signal });
      hint.abort();

      expect(await waiting).toEqual([]);
    });

    test("divides the partitions fairly among the live members, each owned once", async () => {
      const topic = await aTopic(PARTITIONS);
      await using first = await join(topic);
      await settledAssignments(first, PARTITIONS);
      await using second = await join(topic, { member: "member-b" });

      await eventually(() => {
        const [a, b] = [first, second].map((member) =>
          member.assignments().map(({ partition }) => partition),
        );
        expect(a).toHaveLength(PARTITIONS / 2);
        expect([...(a ?? []), ...(b ?? [])].sort()).toEqual([0, 1, 2, 3]);
      }, SETTLE);
    });

    test("gives the partitions of a member that leaves to the others, with a higher generation", async () => {
      const topic = await aTopic(1);
      const first = await join(topic);
      const [before] = await settledAssignments(first, 1);
      await using second = await join(topic, { member: "member-b" });

      await first[Symbol.asyncDispose]();

      const [after] = await settledAssignments(second, 1);
      expect(after?.generation).toBeGreaterThan(before?.generation ?? Number.POSITIVE_INFINITY);
    });

    test("ignores a commit of an owner whose partition has a new one", async () => {
      const topic = await aTopic(1);
      await produce(["1", "2", "3"].map((value) => aRecord(topic, "a", value)));
      const first = await join(topic);
      const [stale] = await settledAssignments(first, 1);
      await first[Symbol.asyncDispose]();
      const second = await join(topic, { member: "member-b" });
      await settledAssignments(second, 1);

      await first.commit(stale as Assignment, 3n).catch(() => {}); // A refusal may be said or only kept.

      await second[Symbol.asyncDispose]();
      await using third = await join(topic, { member: "member-c" });
      expect((await readAll(third, 3)).map(({ offset }) => offset)).toEqual([0n, 1n, 2n]);
    });
  });
}

const poll = (consumer: EventLogConsumer, maxRecords: number) =>
  consumer.poll({ maxRecords, timeoutMs: 200, signal: new AbortController().signal });

/** Polls until `count` records came; more than that is a failure. */
async function readAll(consumer: EventLogConsumer, count: number): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  await eventually(async () => {
    records.push(...(await poll(consumer, 1000)));
    expect(records.length).toBeGreaterThanOrEqual(count);
  }, SETTLE);
  expect(records).toHaveLength(count);
  return records;
}

function settledAssignments(consumer: EventLogConsumer, count: number): Promise<readonly Assignment[]> {
  return eventually(() => {
    const assignments = consumer.assignments();
    expect(assignments).toHaveLength(count);
    return assignments;
  }, SETTLE);
}
