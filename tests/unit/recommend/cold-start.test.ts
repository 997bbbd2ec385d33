/** The popular list for somebody unknown, spread over categories. */

import { describe, expect, spyOn, test } from "bun:test";
import fc from "fast-check";
import { ColdStarts, coldCandidates, coldStart } from "../../../src/recommend/cold-start.ts";
import { NOTHING_HIDDEN } from "../../../src/recommend/hidden-items.ts";
import { ItemTable } from "../../../src/recommend/item-table.ts";
import { PopularityIndex } from "../../../src/recommend/popularity-index.ts";
import { items } from "../../support/fake-feature-reader.ts";

function list(
  popularity: Record<string, number>,
  categories: Record<string, string>,
  k = 10,
  unwanted: string[] = [],
) {
  const index = new PopularityIndex(new ItemTable());
  index.replace(items(popularity));
  const categoryOf = (slot: number) => categories[index.table.nameOf(slot)] ?? null;
  const slots = new Set(unwanted.map((id) => index.table.slotOf(id)));
  return coldStart(index, categoryOf, (slot) => slots.has(slot), { k, candidates: coldCandidates(k) });
}

/** By the definition: whatever is left of each category is looked at for each place. */
function headByHead(popularity: Record<string, number>, categories: Record<string, string>, k: number) {
  const segments = new Map<string, { left: [string, number][]; factor: number }>();
  for (const entry of Object.entries(popularity).sort(([, a], [, b]) => b - a)) {
    const name = categories[entry[0]] ?? `${entry[0]} alone`;
    const segment = segments.get(name) ?? { left: [], factor: 1 };
    segment.left.push(entry);
    segments.set(name, segment);
  }
  const taken: [string, number][] = [];
  while (taken.length < k) {
    const heads = [...segments.values()].flatMap((segment) => {
      const [head] = segment.left;
      return head ? { segment, itemId: head[0], score: segment.factor * head[1] } : [];
    });
    const best = heads.toSorted((a, b) => b.score - a.score)[0];
    if (best === undefined) break;
    taken.push([best.itemId, best.score]);
    best.segment.left.shift();
    best.segment.factor /= 2;
  }
  return [taken.map(([itemId]) => itemId), taken.map(([, score]) => score)];
}

const depth = (k: number) => ({ k, candidates: coldCandidates(k) });

describe("cold start", () => {
  test("without categories it is the popular list", () => {
    expect(list({ a: 3, b: 2, c: 1 }, {}).itemIds).toEqual(["a", "b", "c"]);
  });

  test("each further item of a category counts half as much as the one before", () => {
    const films = { a: "film", b: "film", c: "film" };
    const ranked = list({ a: 10, b: 9, c: 8, song: 4 }, { ...films, song: "music" });
    expect(ranked.itemIds).toEqual(["a", "b", "song", "c"]);
    expect([...ranked.scores]).toEqual([10, 4.5, 4, 2]);
  });

  test("leaves out what is unwanted, and stops at k", () => {
    expect(list({ a: 4, b: 3, c: 2, d: 1 }, {}, 2, ["a", "c"]).itemIds).toEqual(["b", "d"]);
  });

  test("lists everything once when k allows it, in falling order of score", () => {
    const category = fc.constantFrom("x", "y", "z", undefined);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), category), { maxLength: 60 }),
        (rows) => {
          const popularity = Object.fromEntries(rows.map(([score], place) => [`i${place}`, score]));
          const categories = Object.fromEntries(
            rows.flatMap(([, name], place) => (name === undefined ? [] : [[`i${place}`, name]])),
          );
          const ranked = list(popularity, categories, 100);
          expect(ranked.itemIds.toSorted()).toEqual(Object.keys(popularity).sort());
          expect([...ranked.scores]).toEqual([...ranked.scores].sort((a, b) => b - a));
        },
      ),
    );
  });

  test("takes the best head of the categories again and again, the first of equal ones", () => {
    const category = fc.constantFrom("x", "y", "z", undefined);
    const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), category), { maxLength: 40 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 0, max: 45 }), (given, k) => {
        const popularity = Object.fromEntries(given.map(([score], place) => [`i${place}`, score]));
        const categories = Object.fromEntries(
          given.flatMap(([, name], place) => (name === undefined ? [] : [[`i${place}`, name]])),
        );
        const ranked = list(popularity, categories, k);
        expect([ranked.itemIds, [...ranked.scores]]).toEqual(headByHead(popularity, categories, k));
      }),
    );
  });

  test("looks at each candidate once, however long the list and however many its categories", () => {
    const index = new PopularityIndex(new ItemTable());
    index.replace(Array.from({ length: 300 }, (_, place) => ({ itemId: `i${place}`, score: 300 - place })));
    const scoreAt = spyOn(index, "scoreAt");
    coldStart(
      index,
      () => null,
      () => false,
      { k: 200, candidates: 300 },
    );
    expect(scoreAt).toHaveBeenCalledTimes(300);
  });

  test("the list is made anew when popularity changes, for another k, and for somebody with wishes", () => {
    const index = new PopularityIndex(new ItemTable());
    index.replace(items({ a: 3, b: 2, c: 1 }));
    const lists = new ColdStarts(() => null);
    const first = lists.list(index, new Set(), NOTHING_HIDDEN, depth(2));
    expect(lists.list(index, new Set(), NOTHING_HIDDEN, depth(2))).toBe(first);
    expect(lists.list(index, new Set(), NOTHING_HIDDEN, depth(3)).itemIds).toEqual(["a", "b", "c"]);
    expect(lists.list(index, new Set([index.table.slotOf("a")]), NOTHING_HIDDEN, depth(2)).itemIds).toEqual([
      "b",
      "c",
    ]);
    const hiding = { has: (slot: number) => slot === index.table.slotOf("b") };
    expect(lists.list(index, new Set(), hiding, depth(2)).itemIds).toEqual(["a", "c"]);
    index.update(["c"], items({ c: 9 }));
    expect(lists.list(index, new Set(), NOTHING_HIDDEN, depth(2)).itemIds).toEqual(["c", "a"]);
  });
});
