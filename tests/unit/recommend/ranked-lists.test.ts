/** Lists kept for users: found while they hold, and never more than there is room for. */

import { describe, expect, test } from "bun:test";
import type { RankedList } from "../../../src/recommend/ranked-list.ts";
import { RankedLists } from "../../../src/recommend/ranked-lists.ts";
import { manualClock } from "../../support/manual-clock.ts";

const listOf = (length: number): RankedList => ({
  itemIds: Array.from({ length }, (_, place) => `i${place}`),
  scores: new Float64Array(length),
  sources: [],
  sourceScores: new Float64Array(0),
});
const profiles = Array.from({ length: 50 }, () => ({}));

describe("kept lists", () => {
  test("are found for the same slate and rows alone, and while they are young", async () => {
    const clock = manualClock();
    const lists = new RankedLists(clock, 1_000);
    const [profile = {}] = profiles;
    const list = listOf(30);
    lists.keep(profile, { k: 10, rows: 30 }, list);
    expect(lists.find(profile, { k: 10, rows: 30 })).toBe(list);
    expect(lists.find(profile, { k: 10, rows: 10 })).toBeNull();
    expect(lists.find(profile, { k: 30, rows: 30 })).toBeNull();
    expect(lists.find(profile, { k: 10, rows: 30, by: {} })).toBeNull();
    expect(lists.find({}, { k: 10, rows: 30 })).toBeNull();
    expect(lists.find(profile, { k: 10, rows: 30 }, true)).toBeNull();
    await clock.advance(1_000);
    expect(lists.find(profile, { k: 10, rows: 30 })).toBeNull();
  });

  test("give way to newer ones where there is no room", () => {
    const lists = new RankedLists(manualClock(), 1_000, 95);
    for (const [turn, profile] of profiles.entries()) {
      lists.keep(profile, { k: 10, rows: 10 }, listOf(10));
      const left = profiles.filter((each) => lists.find(each, { k: 10, rows: 10 }) !== null);
      expect(left).toEqual(profiles.slice(Math.max(0, turn - 8), turn + 1));
    }
    lists.keep(profiles[0] as object, { k: 200, rows: 200 }, listOf(200));
    expect(
      profiles.filter(
        (each) => lists.find(each, { k: 10, rows: 10 }) ?? lists.find(each, { k: 200, rows: 200 }),
      ),
    ).toEqual([]);
  });

  test("are gone once cleared, and have all room again", () => {
    const lists = new RankedLists(manualClock(), 1_000, 20);
    const [one = {}, two = {}] = profiles;
    for (let turn = 0; turn < 5; turn++) {
      lists.keep(one, { k: 10, rows: 10 }, listOf(10));
      lists.keep(two, { k: 10, rows: 10 }, listOf(10));
      expect(lists.find(one, { k: 10, rows: 10 })).not.toBeNull();
      lists.clear();
      expect(lists.find(one, { k: 10, rows: 10 })).toBeNull();
    }
  });
});
