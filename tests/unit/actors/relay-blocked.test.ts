/** Keys that wait behind a failed row. */

import { describe, expect, test } from "bun:test";
import { BlockedKeys } from "../../../src/actors/relay-blocked.ts";
import { anOutboxRow } from "../../support/outbox-rows.ts";

const row = (id: bigint, key = "a", partition = 0) => anOutboxRow({ id, key, partition });

describe("BlockedKeys", () => {
  test("lets later rows of a key wait until the failed row is read again", () => {
    const blocked = new BlockedKeys();
    blocked.block(row(5n), 5n, 1000);

    const before = blocked.blockerOf(row(9n), 500);
    const itself = blocked.blockerOf(row(5n), 900);
    const after = blocked.blockerOf(row(9n), 900);

    expect([before, itself, after]).toEqual([5n, null, null]);
  });

  test("lets rows with lower ids, of other keys and of other partitions pass", () => {
    const blocked = new BlockedKeys();
    blocked.block(row(5n), 5n, 1000);

    expect([row(3n), row(9n, "b"), row(9n, "a", 1)].map((each) => blocked.blockerOf(each, 500))).toEqual([
      null,
      null,
      null,
    ]);
  });

  test("forgets a failed row that a claim passed over although it was due", () => {
    const blocked = new BlockedKeys();
    blocked.block(row(5n), 5n, 1000);

    expect(blocked.blockerOf(row(9n), 1001)).toBeNull();
  });

  test("waits behind both when a lower row of the key fails later", () => {
    const blocked = new BlockedKeys();
    blocked.block(row(9n), 9n, 1000);
    blocked.block(row(5n), 5n, 3000);

    blocked.blockerOf(row(9n), 1001);

    expect(blocked.blockerOf(row(12n), 1001)).toBe(5n);
  });

  test("makes a partition wait whose failed key does not fit", () => {
    const blocked = new BlockedKeys(1);
    blocked.block(row(1n, "a", 0), 1n, 1000);
    blocked.block(row(2n, "b", 1), 2n, 1000);

    expect([blocked.isFull(0), blocked.isFull(1)]).toEqual([false, true]);
  });

  test("makes partitions wait while the store has more failed keys than fit, and frees them after", () => {
    const blocked = new BlockedKeys(2);
    const key = (name: string) => ({ partition: 0, topic: "watches", key: name, rowId: 1n, dueInMs: 10 });

    blocked.load([0, 1], [key("a"), key("b")], 0);
    const whileFull = [blocked.isFull(0), blocked.isFull(1)];
    blocked.load([0, 1], [key("a")], 0);

    expect(whileFull).toEqual([true, true]);
    expect([blocked.isFull(0), blocked.isFull(1)]).toEqual([false, false]);
    expect(blocked.blockerOf(row(9n), 5)).toBe(1n);
  });

  test("has room again for what was forgotten", () => {
    const blocked = new BlockedKeys(1);
    blocked.block(row(1n, "a", 0), 1n, 1000);
    blocked.forget(0);

    blocked.block(row(2n, "b", 1), 2n, 1000);

    expect(blocked.isFull(1)).toBe(false);
  });
});
