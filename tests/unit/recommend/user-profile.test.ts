/** The profile that the streaming policy goes by: stored events and overlay in one order of time. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { ItemTable } from "../../../src/recommend/item-table.ts";
import {
  newestInteractions,
  newestItems,
  profileInTable,
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
        { itemIds: stored.map(({ itemId }) => itemId), tsMs: stored.map(({ tsMs }) => tsMs) },
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
  const profile = userProfile({ itemIds, tsMs: itemIds.map((_, place) => place) }, new ItemTable());
  expect(profile.tsMs.length).toBe(50);
  const names = newestItems(profile, [{ itemId: "late", tsMs: 57.5 }]);
  expect(names).toEqual(["old-59", "old-58", "late", "old-57", "old-56"]);
});

test("ids that a caller made up are named, and given no place in the table", () => {
  const table = new ItemTable();
  const profile = userProfile({ itemIds: ["a", "b"], tsMs: [1, 2] }, table);
  const overlay = [
    { itemId: "made up", tsMs: 3 },
    { itemId: "a", tsMs: 4 },
  ];
  expect(newestItems(profile, overlay)).toEqual(["a", "made up", "b"]);
  expect(newestInteractions(profile, overlay, 10).map((slot) => table.nameOf(slot))).toEqual(["a", "b", "a"]);
  expect(table.size).toBe(2);
});

test("a profile in another table's numbers names the same items", () => {
  const profile = userProfile({ itemIds: ["a", "b", "a"], tsMs: [1, 2, 3] }, new ItemTable());
  const table = new ItemTable();
  table.intern("other");
  const moved = profileInTable(profile, table);
  expect(Array.from(moved.slots, (slot) => table.nameOf(slot))).toEqual(["a", "b", "a"]);
  expect(profileInTable(moved, table)).toBe(moved);
});
