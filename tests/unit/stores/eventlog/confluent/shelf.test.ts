/** What was read and not yet handed over: nothing skipped, nothing from before a seek, never without a limit. */

import { expect, test } from "bun:test";
import type { RdMessage } from "../../../../../src/stores/eventlog/confluent/node/rdkafka.ts";
import { Shelf } from "../../../../../src/stores/eventlog/confluent/node/shelf.ts";

const aShelf = (startOffset = 0) =>
  new Shelf({ topic: "t", topicId: "id", partition: 0, serial: 1, startOffset });

const message = (offset: number, bytes = 1): RdMessage => ({
  topic: "t",
  partition: 0,
  offset,
  timestamp: 1_000 + offset,
  key: Buffer.from("k"),
  value: Buffer.alloc(bytes),
  headers: [{ event_id: Buffer.from(`e-${offset}`) }],
});

const offsets = (shelf: Shelf, max = 100) => shelf.take(max).records.map(([offset]) => offset);

test("hands over in order and goes on where it stopped", () => {
  const shelf = aShelf();
  for (const offset of [0, 1, 2]) shelf.add(message(offset));

  const first = shelf.take(2);
  shelf.ask(first.nextOffset);

  expect(first.records[0]).toEqual([0, 1_000, "aw==", "AA==", { event_id: "e-0" }]);
  expect(first.nextOffset).toBe(2);
  expect(shelf.seekTo).toBeNull();
  expect(offsets(shelf)).toEqual([2]);
});

test("drops what was read before a seek, until the seek is made", () => {
  const shelf = aShelf();
  for (const offset of [0, 1, 2]) shelf.add(message(offset));

  shelf.ask(10);
  shelf.add(message(3));

  expect([shelf.seekTo, shelf.hasNews, shelf.next]).toEqual([10, false, 10]);
  shelf.seekTo = null;
  shelf.add(message(4)); // Late, from before.
  shelf.add(message(10));
  expect(offsets(shelf)).toEqual([10]);
});

test("an end behind records that are not for readers moves the position without a seek back", () => {
  const shelf = aShelf(5);
  shelf.ended(8);

  expect(shelf.hasNews).toBe(true);
  expect(shelf.take(10)).toEqual({ records: [], nextOffset: 8 });
  shelf.ask(8);
  expect([shelf.seekTo, shelf.hasNews]).toEqual([null, false]);
});

test("wants a pause when it is full, by number or by size, and an end of it only when it is nearly empty", () => {
  const many = aShelf();
  for (let offset = 0; offset <= 5_000; offset++) many.add(message(offset));
  const large = aShelf();
  for (let offset = 0; offset < 5; offset++) large.add(message(offset, 1024 * 1024));

  expect([many.wantsPause, large.wantsPause, aShelf().wantsPause]).toEqual([true, true, false]);
  many.paused = true;
  many.take(1_000);
  expect(many.wantsPause).toBe(true);
  many.take(3_000);
  expect(many.wantsPause).toBe(false);
  large.take(5);
  expect(large.wantsPause).toBe(false);
});

test("keeps an absent key or value apart from an empty one", () => {
  const shelf = aShelf();
  shelf.add({ ...message(0), key: null, value: null, headers: undefined } as unknown as RdMessage);
  expect(shelf.take(1).records).toEqual([[0, 1_000, null, null, {}]]);
});
