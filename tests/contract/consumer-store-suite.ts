/** What the store must do for a consumer; the PostgreSQL store and the simulated one run this suite. */

import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import type { Assignment, ChunkEntry, ConsumerStore, LogRecord } from "../../src/events/ports.ts";
import { decideRecord } from "../../src/events/stream-record.ts";
import { encodeLogEvent } from "../../src/events/wire.ts";
import { aWatchEvent } from "../support/plans.ts";

export interface ConsumerStoreUnderTest extends AsyncDisposable {
  readonly store: ConsumerStore;
  /** Popularity of an item as the store holds it. */
  popularityOf(itemId: string): Promise<number>;
}

const TOPIC = "watches";
const KINDS = new Map([[TOPIC, "watch"]] as const);
const soon = () => Deadline.after(5_000);

const partition = (generation: number): Assignment => ({
  ...{ topic: TOPIC, topicId: "id-1", partition: 0, generation },
});
const aRecord = (offset: number, value: string): LogRecord => ({
  ...{ topic: TOPIC, topicId: "id-1", partition: 0, offset: BigInt(offset), timestampMs: 0 },
  ...{ key: Buffer.from("u-1"), value: Buffer.from(value), headers: {} },
});
/** A view: it adds 1 to the popularity of its item. */
const aView = (offset: number, eventId: string): ChunkEntry =>
  decideRecord(
    aRecord(offset, encodeLogEvent(aWatchEvent({ eventId, itemId: "i-1", watchTimeSec: 1 }))),
    KINDS,
  );

export function describeConsumerStore(name: string, open: () => Promise<ConsumerStoreUnderTest>): void {
  describe(`consumer store: ${name}`, () => {
    let under: ConsumerStoreUnderTest | null = null;
    let store: ConsumerStore;

    beforeEach(async () => {
      await under?.[Symbol.asyncDispose]();
      under = await open();
      store = under.store;
    });
    afterAll(() => under?.[Symbol.asyncDispose]());

    const takeOver = (generation: number) => store.takeOver("group", partition(generation), soon());
    async function apply(generation: number, entries: readonly ChunkEntry[], nextOffset: number) {
      const result = await store.applyChunk(
        "group",
        partition(generation),
        entries,
        BigInt(nextOffset),
        soon(),
      );
      return result === "fenced" ? result : result.statuses;
    }

    test("answers the stored offset to a new owner, and fences the old one off", async () => {
      expect(await takeOver(1)).toBeNull();
      await apply(1, [aView(0, "event-0000")], 1);

      expect(await takeOver(2)).toBe(1n);
      expect(await takeOver(1)).toBe("fenced");
      expect(await apply(1, [aView(1, "event-0001")], 2)).toBe("fenced");
      expect(await takeOver(3)).toBe(1n);
    });

    test("applies an event once, in one chunk or in two", async () => {
      await takeOver(1);

      const first = await apply(1, [aView(0, "event-0000"), aView(1, "event-0000")], 2);
      const second = await apply(1, [aView(2, "event-0000"), aView(3, "event-0001")], 4);

      expect([first, second]).toEqual([
        ["processed", "duplicate"],
        ["duplicate", "processed"],
      ]);
      expect(await under?.popularityOf("i-1")).toBe(2);
    });

    test("writes nothing for a chunk whose end is behind the stored offset", async () => {
      await takeOver(1);
      await apply(1, [aView(0, "event-0000"), aView(1, "event-0001")], 2);

      expect(await apply(1, [aView(0, "event-0002")], 1)).toBe("fenced");
      expect(await under?.popularityOf("i-1")).toBe(2);
    });

    test("counts attempts until the record is done", async () => {
      await takeOver(1);
      const record = aRecord(0, "{}");
      const count = () => store.countAttempt(record, "no", soon());

      expect([await count(), await count()]).toEqual([1, 2]);
      await apply(1, [{ kind: "ignored", record }], 1);
      expect(await count()).toBe(1);
    });

    test("knows what was begun and not ended", async () => {
      await takeOver(1);
      for (const offset of [0, 1, 2]) await store.beginAttempt(aRecord(offset, "{}"), soon());

      await store.countAttempt(aRecord(1, "{}"), "no", soon());
      await apply(1, [{ kind: "ignored", record: aRecord(0, "{}") }], 1);

      expect(await store.interrupted(partition(1), soon())).toEqual([2n]);
    });

    test("forgets the stored offset for its owner alone", async () => {
      await takeOver(1);
      await apply(1, [aView(0, "event-0000")], 1);
      await takeOver(2);

      await store.rewind("group", partition(1), soon());
      const kept = await takeOver(2);
      await store.rewind("group", partition(2), soon());

      expect([kept, await takeOver(2)]).toEqual([1n, null]);
    });

    test("keeps a dead letter as one row however often it fails", async () => {
      await takeOver(1);
      const dead = decideRecord(aRecord(0, "no json"), KINDS);
      expect(await apply(1, [dead], 1)).toEqual(["dlq"]);
      await store.rewind("group", partition(1), soon());
      await apply(1, [dead], 1);

      expect(await store.dlqSnapshot(soon())).toMatchObject({ pending: 1, replayed: 0 });
    });
  });
}
