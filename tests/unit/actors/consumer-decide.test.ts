/** How a chunk is cut and what a failure means. */

import { describe, expect, test } from "bun:test";
import { asDeadLetter, chunkLength, classify } from "../../../src/actors/consumer-decide.ts";
import { Partitions } from "../../../src/actors/consumer-partitions.ts";
import { StoreDataError, StoreUnavailableError } from "../../../src/core/errors.ts";
import type { Assignment, ChunkEntry, LogRecord } from "../../../src/events/ports.ts";

const ASSIGNMENT: Assignment = { topic: "watches", topicId: "t-1", partition: 0, generation: 1 };

const aRecord = (offset: bigint, over: Partial<LogRecord> = {}): LogRecord => ({
  ...ASSIGNMENT,
  offset,
  key: null,
  value: null,
  headers: {},
  timestampMs: 0,
  ...over,
});
const ignored = (count: number): ChunkEntry[] =>
  Array.from({ length: count }, (_, offset) => ({ kind: "ignored", record: aRecord(BigInt(offset)) }));

function aState() {
  const [state] = new Partitions(false).refresh([ASSIGNMENT]);
  if (!state) throw new Error("no state");
  return state;
}

describe("chunkLength", () => {
  test("takes at most the limit of the partition", () => {
    expect(chunkLength(ignored(20), { ...aState(), chunkLimit: 7 })).toBe(7);
  });

  test("takes a suspect alone, and what stands before it first", () => {
    const state = { ...aState(), suspect: 3n };

    expect([chunkLength(ignored(9), state), chunkLength(ignored(9).slice(3), state)]).toEqual([3, 1]);
  });

  test("takes records one by one after a restart", () => {
    expect(chunkLength(ignored(9), { ...aState(), carefulRecords: 4 })).toBe(1);
  });

  test("bounds the impressed items of a chunk, but always takes one record", () => {
    const shown = (offset: bigint, count: number): ChunkEntry => ({
      kind: "impression",
      record: aRecord(offset),
      streamEventId: `impression-${offset}`,
      items: Array.from({ length: count }, (_, position) => ({ itemId: `i-${position}`, position })),
    });

    expect(chunkLength([shown(0n, 15_000), shown(1n, 4_000), shown(2n, 4_000)], aState())).toBe(2);
    expect(chunkLength([shown(0n, 30_000)], aState())).toBe(1);
  });
});

describe("classify", () => {
  test("tells the store's absence, the record's fault and our own bugs apart", () => {
    const errors = [
      new StoreUnavailableError("contention", "x"),
      new StoreDataError("22003", "x"),
      new TypeError("x"),
    ];

    expect(errors.map(classify)).toEqual(["infrastructure", "data", "unknown"]);
  });
});

describe("asDeadLetter", () => {
  test("keeps the record with the reason, the tries and the id from its header", () => {
    const [entry] = ignored(1) as [ChunkEntry];
    const record = { ...entry.record, headers: { event_id: "event-0001" } };

    const dead = asDeadLetter({ ...entry, record }, "data", "value out of range", 5);

    expect(dead).toEqual({
      kind: "dead",
      record,
      letter: {
        record,
        errorClass: "data",
        errorText: "value out of range",
        retryCount: 5,
        eventId: "event-0001",
      },
    });
  });
});

describe("Partitions", () => {
  test("begins anew with a new generation or a new topic, and not otherwise", () => {
    const partitions = new Partitions(false);
    const [first] = partitions.refresh([ASSIGNMENT]);

    const [same] = partitions.refresh([{ ...ASSIGNMENT }]);
    const [newer] = partitions.refresh([{ ...ASSIGNMENT, generation: 2 }]);
    const [recreated] = partitions.refresh([{ ...ASSIGNMENT, generation: 2, topicId: "t-2" }]);

    expect(same).toBe(first as never);
    expect(newer).not.toBe(same as never);
    expect(recreated).not.toBe(newer as never);
  });

  test("hands out records of ready partitions only", () => {
    const partitions = new Partitions(false);
    const [ready] = partitions.refresh([ASSIGNMENT, { ...ASSIGNMENT, partition: 1 }]);
    if (ready) ready.phase = { kind: "ready" };

    const groups = partitions.group([
      aRecord(0n),
      aRecord(0n, { partition: 1 }),
      aRecord(1n),
      aRecord(2n, { topicId: "t-0" }),
      aRecord(0n, { partition: 2 }),
    ]);

    expect(groups.map(({ records }) => records.map(({ offset }) => offset))).toEqual([[0n, 1n]]);
  });
});
