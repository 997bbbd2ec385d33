/** The popularity index: its order, its bound, and that small changes equal a whole rebuild. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ItemTable } from "../../../src/recommend/item-table.ts";
import { PopularityIndex } from "../../../src/recommend/popularity-index.ts";
import type { ScoredItem } from "../../../src/recommend/ports.ts";

const CAPACITY = 20;
const anIndex = (capacity = CAPACITY) => new PopularityIndex(new ItemTable(), capacity);
const scores = fc
  .dictionary(
    fc.integer({ min: 0, max: 30 }).map((n) => `i${n}`),
    fc.integer({ min: 1, max: 5 }),
    {
      maxKeys: 30,
      size: "max",
    },
  )
  .map((scored) => new Map(Object.entries(scored)));
const list = (scored: ReadonlyMap<string, number>): ScoredItem[] =>
  [...scored].map(([itemId, score]) => ({ itemId, score }));

/** Fails when a rank does not point at its item. */
function expectConsistentRanks(index: PopularityIndex, itemIds: Iterable<string>) {
  const places = new Map(index.top(index.size).map(({ itemId }, rank) => [itemId, rank]));
  for (const itemId of itemIds) {
    expect(index.rankOf(index.table.intern(itemId))).toBe(places.get(itemId) ?? -1);
  }
}

describe("popularity index", () => {
  test("orders by score, then by item id, and keeps the first of them", () => {
    const index = anIndex(3);
    index.replace(
      list(
        new Map([
          ["d", 1],
          ["c", 2],
          ["b", 2],
          ["a", 1],
        ]),
      ),
    );
    expect(index.top(10)).toEqual([
      { itemId: "b", score: 2 },
      { itemId: "c", score: 2 },
      { itemId: "a", score: 1 },
    ]);
  });

  test("an item whose score rose moves up; one that lost its score leaves", () => {
    const index = anIndex();
    index.replace(
      list(
        new Map([
          ["a", 3],
          ["b", 2],
          ["c", 1],
        ]),
      ),
    );
    index.update(
      ["c", "a", "new"],
      list(
        new Map([
          ["c", 9],
          ["new", 4],
        ]),
      ),
    );
    expect(index.top(10).map(({ itemId }) => itemId)).toEqual(["c", "new", "b"]);
    expectConsistentRanks(index, ["a", "b", "c", "new"]);
  });

  test("changing some items equals loading the changed list", () => {
    fc.assert(
      fc.property(scores, scores, fc.array(fc.integer({ min: 0, max: 30 })), (before, after, extra) => {
        const changed = [...new Set([...after.keys(), ...extra.map((n) => `i${n}`)])];
        const index = anIndex(40);
        index.replace(list(before));
        index.update(changed, list(after));
        const expected = anIndex(40);
        const kept = [...before].filter(([itemId]) => !changed.includes(itemId));
        expected.replace(list(new Map([...kept, ...after])));
        expect(index.top(40)).toEqual(expected.top(40));
        expectConsistentRanks(index, [...before.keys(), ...changed]);
      }),
    );
  });

  test("never holds more than its capacity, whatever is loaded after what", () => {
    fc.assert(
      fc.property(scores, scores, scores, (first, changed, second) => {
        const index = anIndex();
        index.replace(list(first));
        index.update([...changed.keys()], list(changed));
        expect(index.size).toBeLessThanOrEqual(CAPACITY);
        index.replace(list(second));
        expect(index.size).toBe(Math.min(second.size, CAPACITY));
        expectConsistentRanks(index, [...first.keys(), ...changed.keys(), ...second.keys()]);
      }),
    );
  });
});
