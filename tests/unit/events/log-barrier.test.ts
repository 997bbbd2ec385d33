/** When everything that was in the log at one moment is passed. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isPassed, type PartitionBounds } from "../../../src/events/log-barrier.ts";

const bounds = (partition: number, end: bigint, over: Partial<PartitionBounds> = {}): PartitionBounds => ({
  topic: "t",
  topicId: "id-1",
  partition,
  start: 0n,
  end,
  ...over,
});
const stored = (partition: number, nextOffset: bigint, topicId = "id-1") => ({
  topic: "t",
  topicId,
  partition,
  nextOffset,
});

describe("a barrier", () => {
  const barrier = [bounds(0, 5n), bounds(1, 3n)];

  test("is passed when every stored offset has reached its end, whatever came behind it", () => {
    const later = [bounds(0, 9n), bounds(1, 8n)];
    expect(isPassed(barrier, later, [stored(0, 5n), stored(1, 3n)])).toBe(true);
    expect(isPassed(barrier, later, [stored(0, 5n), stored(1, 2n)])).toBe(false);
  });

  test("waits for a partition that nobody has begun to read", () => {
    expect(isPassed(barrier, barrier, [stored(0, 5n)])).toBe(false);
    expect(isPassed([bounds(0, 5n), bounds(1, 0n)], barrier, [stored(0, 5n)])).toBe(true);
  });

  test("does not wait for records that left the log", () => {
    const later = [bounds(0, 9n), bounds(1, 8n, { start: 3n })];
    expect(isPassed(barrier, later, [stored(0, 5n)])).toBe(true);
    expect(isPassed(barrier, [bounds(0, 9n), bounds(1, 8n, { start: 2n })], [stored(0, 5n)])).toBe(false);
  });

  test("does not take the offset of an earlier topic of that name for its own", () => {
    const anew = [bounds(0, 5n, { topicId: "id-2" })];
    expect(isPassed(anew, anew, [stored(0, 9n)])).toBe(false);
    expect(isPassed(barrier, anew, [])).toBe(true);
  });

  test("law: once it is passed it stays passed, as logs and offsets only grow", () => {
    const offset = fc.bigInt({ min: 0n, max: 20n });
    fc.assert(
      fc.property(
        fc.array(fc.record({ end: offset, at: offset, more: offset, trimmed: offset }), { maxLength: 4 }),
        (partitions) => {
          const first = partitions.map(({ end }, index) => bounds(index, end));
          const offsets = partitions.map(({ at }, index) => stored(index, at));
          fc.pre(isPassed(first, first, offsets));
          const later = partitions.map(({ end, more, trimmed }, index) =>
            bounds(index, end + more, { start: trimmed % (end + more + 1n) }),
          );
          const moved = partitions.map(({ at, more }, index) => stored(index, at + more));
          expect(isPassed(first, later, moved)).toBe(true);
        },
      ),
    );
  });
});
