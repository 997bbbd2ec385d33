/** The streaming policy: its formula on a small case, and its laws against the literal implementation. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { NOTHING_HIDDEN } from "../../../src/recommend/hidden-items.ts";
import { ItemTable } from "../../../src/recommend/item-table.ts";
import { neighbourList, neighboursInTable } from "../../../src/recommend/neighbour-list.ts";
import { PopularityIndex } from "../../../src/recommend/popularity-index.ts";
import type { Neighbours } from "../../../src/recommend/ports.ts";
import { explain } from "../../../src/recommend/ranked-list.ts";
import { StreamScratch } from "../../../src/recommend/stream-v1.ts";
import { items } from "../../support/fake-feature-reader.ts";
import { referenceStream, type StreamWorld } from "../../support/reference-stream.ts";

function inputOf(world: StreamWorld, k: number) {
  const table = new ItemTable();
  const index = new PopularityIndex(table);
  index.replace(world.popularity);
  const sources = world.newest.map((itemId) =>
    neighbourList(world.neighbours.get(itemId) ?? { totalWeight: 0, items: [] }, table),
  );
  const unwanted = Array.from(world.unwanted, (itemId) => table.slotOf(itemId));
  return { index, sources, unwanted, hidden: NOTHING_HIDDEN, k };
}

const rank = (world: StreamWorld, k: number, scratch = new StreamScratch()) =>
  explain(scratch.rank(inputOf(world, k)));

const close = (list: ReturnType<typeof rank>) =>
  list.map(({ score, sources }) =>
    [score, ...sources.map((source) => source.score)].map((x) => x.toFixed(9)),
  );

const small: StreamWorld = {
  newest: ["b", "a"],
  neighbours: new Map<string, Neighbours>([
    [
      "b",
      {
        totalWeight: 15,
        items: [
          { itemId: "x", weight: 10, count: 4 },
          { itemId: "y", weight: 3, count: 0 },
        ],
      },
    ],
    ["a", { totalWeight: 5, items: [{ itemId: "y", weight: 5, count: 5 }] }],
  ]),
  popularity: items({ z: 1, y: 0.5, a: 0.4, b: 0.3 }),
  unwanted: new Set(["a", "b"]),
};

describe("stream-v1", () => {
  test("weighs rules, transitions and popularity, each spread over the candidates", () => {
    // Rules: x 10/20, y 3/20 + .7 * 5/10, so both are the most; z has none.
    const transitionX = Math.log1p(4) / Math.log1p(15);
    const transitionY = 0.7;
    const ranked = rank(small, 10);
    expect(ranked.map(({ itemId }) => itemId)).toEqual(["y", "x", "z"]);
    expect(ranked[0]?.score).toBeCloseTo(0.7 + 0.2 + 0.1 * 0.5, 6);
    expect(ranked[1]?.score).toBeCloseTo(0.7 + (0.2 * transitionX) / transitionY, 6);
    expect(ranked[2]).toEqual({
      itemId: "z",
      score: 0.1,
      sources: [{ name: "decayed_popularity", score: 0.1 }],
    });
  });

  test("without neighbours it is the popular list", () => {
    const ranked = rank({ ...small, newest: [] }, 10);
    expect(ranked.map(({ itemId }) => itemId)).toEqual(["z", "y"]);
  });

  test("sequential rules alone rank by rules", () => {
    const only = { sequentialRules: 1, coVisitation: 0, decayedPopularity: 0 };
    const world = { ...small, newest: ["b"] };
    const list = new StreamScratch().rank(inputOf(world, 10), only);
    expect(list.itemIds).toEqual(["x", "y", "z"]);
    expect([...list.scores].map((score) => score.toFixed(6))).toEqual(["1.000000", "0.300000", "0.000000"]);
  });

  test("a list in another table's numbers names the same items", () => {
    const list = neighbourList(small.neighbours.get("b") as Neighbours, new ItemTable());
    const table = new ItemTable();
    table.intern("other");
    const moved = neighboursInTable(list, table);
    expect(Array.from(moved.slots, (slot) => table.nameOf(slot))).toEqual(["x", "y"]);
    expect(neighboursInTable(moved, table)).toBe(moved);
  });
});

const itemId = (most: number) => fc.integer({ min: 0, max: most }).map((n) => `i${n}`);

/** Few items make many ties and overlaps; many items reach the bounds of the candidates. */
function worlds(most: number): fc.Arbitrary<StreamWorld> {
  const list = fc
    .uniqueArray(fc.tuple(itemId(most), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 9 })), {
      selector: ([id]) => id,
      maxLength: 400,
      size: "max",
    })
    .map((rows): Neighbours => {
      const all = rows.map(([id, units, count]) => ({ itemId: id, weight: units / 60, count }));
      return { totalWeight: 1 + all.reduce((sum, { weight }) => sum + weight, 0), items: all };
    });
  return fc
    .record({
      newest: fc.uniqueArray(itemId(most), { maxLength: 5 }),
      neighbours: fc.array(list, { minLength: 5, maxLength: 5 }).map((lists) => lists),
      popularity: fc.uniqueArray(fc.tuple(itemId(most), fc.integer({ min: 1, max: 60 })), {
        selector: ([id]) => id,
        maxLength: 400,
        size: "max",
      }),
      unwanted: fc.array(itemId(most), { maxLength: 30 }),
    })
    .map(({ newest, neighbours, popularity, unwanted }) => ({
      newest,
      neighbours: new Map(newest.map((id, place) => [id, neighbours[place] as Neighbours])),
      popularity: popularity
        .map(([id, score]) => ({ itemId: id, score: score / 60 }))
        .sort((a, b) => b.score - a.score || (a.itemId < b.itemId ? -1 : 1)),
      unwanted: new Set([...newest, ...unwanted]),
    }));
}

describe("stream-v1, laws", () => {
  const used = new StreamScratch();

  test.each([
    ["few items", 12],
    ["many items", 3_000],
  ] as const)("equals the literal form: %s", (_, most) => {
    fc.assert(
      fc.property(worlds(most), fc.integer({ min: 0, max: 200 }), (world, k) => {
        const ranked = rank(world, k, used);
        const expected = referenceStream(world, k);
        expect(close(ranked)).toEqual(close(expected));
        // Where sums of fractions tie but for their last digit, either order is right.
        const apart = (place: number) =>
          Math.abs((expected[place]?.score ?? 0) - (expected[place + 1]?.score ?? -1)) > 1e-9 &&
          Math.abs((expected[place]?.score ?? 0) - (expected[place - 1]?.score ?? -1)) > 1e-9;
        for (const [place, { itemId: id }] of ranked.entries()) {
          if (apart(place) && place + 1 < k) expect(id).toBe(expected[place]?.itemId as string);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("never lists what is unwanted, nothing twice, never more than k; what sources give adds up to the score", () => {
    fc.assert(
      fc.property(worlds(40), fc.integer({ min: 0, max: 60 }), (world, k) => {
        const ranked = rank(world, k, used);
        const ids = ranked.map((item) => item.itemId);
        expect(ids.filter((id) => world.unwanted.has(id))).toEqual([]);
        expect(new Set(ids).size).toBe(ids.length);
        expect(ids.length).toBeLessThanOrEqual(k);
        for (const { score, sources } of ranked) {
          expect(sources.reduce((sum, source) => sum + source.score, 0)).toBeCloseTo(score, 12);
        }
      }),
    );
  });
});
