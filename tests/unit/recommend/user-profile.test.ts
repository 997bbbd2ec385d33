/** The profile that the streaming policy goes by: stored events and overlay in one order of time. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { ItemTable } from "../../../src/recommend/item-table.ts";
import {
  isSameProfile,
  newestItems,
  profileInTable,
  recentInteractions,
  userProfile,
} from "../../../src/recommend/user-profile.ts";

const entry = fc.record({ itemId: fc.constantFrom(..."abcdefghij"), tsMs: fc.integer({ min: 1, max: 20 }) });
const inTimeOrder = fc
  .array(entry, { maxLength: 30 })
  .map((entries) => entries.toSorted((a, b) => a.tsMs - b.tsMs));

test("the newest items are those of both in order of time, each once, at most five", () => {
  fc.assert(
    fc.property(inTimeOrder, inTimeOrder, (stored, overlay) => {
      const table = new ItemTable();
      const profile = userProfile(
        {
          itemIds: stored.map(({ itemId }) => itemId),
          tsMs: stored.map(({ tsMs }) => tsMs),
          weights: stored.map(() => 1),
        },
        table,
      );
      const merged = [...stored, ...overlay].sort((a, b) => a.tsMs - b.tsMs).reverse();
      const expected = [...new Set(merged.map(({ itemId }) => itemId))].slice(0, 5);
      expect(newestItems(profile, overlay)).toEqual(expected);
    }),
  );
});

test("beyond the events whose time is kept, overlay entries count as newer", () => {
  const itemIds = Array.from({ length: 60 }, (_, place) => `old-${place}`);
  const tsMs = itemIds.map((_, place) => place);
  const profile = userProfile({ itemIds, tsMs, weights: itemIds.map(() => 1) }, new ItemTable());
  expect(profile.tsMs.length).toBe(50);
  const names = newestItems(profile, [{ itemId: "late", tsMs: 57.5 }]);
  expect(names).toEqual(["old-59", "old-58", "late", "old-57", "old-56"]);
});

test("ids that a caller made up are named, and given no place in the table", () => {
  const table = new ItemTable();
  const profile = userProfile({ itemIds: ["a", "b"], tsMs: [1, 2], weights: [10, 1] }, table);
  const overlay = [
    { itemId: "made up", weight: 1, tsMs: 3 },
    { itemId: "a", weight: 3, tsMs: 4 },
  ] as const;
  expect(newestItems(profile, overlay)).toEqual(["a", "made up", "b"]);
  const { slots, weights } = recentInteractions(profile, overlay);
  expect(Array.from(slots, (slot) => table.nameOf(slot))).toEqual(["a", "b", "a"]);
  expect(weights).toEqual([3, 1, 10]);
  expect(table.size).toBe(2);
});

test("a profile in another table's numbers names the same items", () => {
  const profile = userProfile(
    { itemIds: ["a", "b", "a"], tsMs: [1, 2, 3], weights: [1, 1, 1] },
    new ItemTable(),
  );
  const table = new ItemTable();
  table.intern("other");
  const moved = profileInTable(profile, table);
  expect(Array.from(moved.slots, (slot) => table.nameOf(slot))).toEqual(["a", "b", "a"]);
  expect(profileInTable(moved, table)).toBe(moved);
});

test("the newest 50 interactions come each with its signal", () => {
  const itemIds = Array.from({ length: 70 }, (_, place) => `i-${place}`);
  const tsMs = itemIds.map((_, place) => place);
  const weights = itemIds.map((_, place) => [1, 3, 10][place % 3] as number);
  const table = new ItemTable();
  const { slots, weights: found } = recentInteractions(userProfile({ itemIds, tsMs, weights }, table), []);
  expect(Array.from(slots, (slot) => table.nameOf(slot))).toEqual(itemIds.slice(20).reverse());
  expect(found).toEqual(weights.slice(20).reverse());
});

test("a profile whose last signal is another one is another profile", () => {
  const table = new ItemTable();
  const of = (...weights: number[]) => userProfile({ itemIds: ["a", "b"], tsMs: [1, 2], weights }, table);
  expect(isSameProfile(of(1, 3), of(1, 3))).toBe(true);
  expect(isSameProfile(of(1, 3), of(1, 10))).toBe(false);
});
