import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { priceBucket } from "../../../../src/recommend/card-index.ts";
import { type CatalogCard, unknownCard } from "../../../../src/recommend/catalog-cards.ts";
import { likeness } from "../../../../src/recommend/catalogue/card-likeness.ts";
import { minMax, sumScaled } from "../../../../src/recommend/catalogue/hits.ts";
import { mergeCandidates } from "../../../../src/recommend/catalogue/merge.ts";

const hits = (scores: Record<string, number>) => new Map(Object.entries(scores));
const anything = () => true;
const rounded = (value: number) => Math.round(value * 1e9) / 1e9;

describe("lists of hits", () => {
  test("are spread over 0 to 1; equal ones are all 1", () => {
    expect([...minMax(hits({ a: 5, b: 3, c: 1 }))]).toEqual([
      ["a", 1],
      ["b", 0.5],
      ["c", 0],
    ]);
    expect([...minMax(hits({ a: 7 }))]).toEqual([["a", 1]]);
    expect([...minMax(hits({}))]).toEqual([]);
  });

  test("are added up as shares of their largest", () => {
    expect([...sumScaled([hits({ a: 4, b: 1 }), hits({ b: 0.5 }), hits({})])]).toEqual([
      ["a", 1],
      ["b", 1.25],
    ]);
  });
});

describe("likeness by the catalogue", () => {
  const card = (about: Partial<CatalogCard>) => ({ ...unknownCard("x"), ...about });
  const alike = (one: Partial<CatalogCard>, other: Partial<CatalogCard>) =>
    likeness(card(one), new Set(one.tags), card(other));

  test("counts tags, category and price bucket", () => {
    const one = { tags: ["a", "b"], category: "c", price: 99 };
    expect(alike(one, { tags: ["b", "d", "a"], category: "c", price: 1 })).toEqual([
      ["tags", 0.4 * (2 / 3)],
      ["category", 0.3],
      ["price", 0.25],
    ]);
    expect(alike(one, { tags: ["z"], category: "d", price: 100 })).toEqual([]);
    expect(alike({}, {})).toEqual([]);
  });

  test.each([
    [null, null],
    [0, 0],
    [99.99, 0],
    [100, 1],
    [499, 1],
    [500, 2],
    [1_000, 3],
    [5_000, 4],
  ])("a price of %p is in bucket %p", (price, bucket) => {
    expect(priceBucket(price)).toBe(bucket);
  });
});

describe("merged candidates", () => {
  test("have the weighted sum, with the names of what gave it", () => {
    const merged = mergeCandidates({
      channels: [
        { name: "behavior", weight: 1.2, hits: hits({ a: 3, b: 2, c: 1 }) },
        { name: "content", weight: 1.8, hits: hits({ b: 9, d: 9 }) },
      ],
      alike: new Map([
        [
          "b",
          [
            ["tags", 0.2],
            ["category", 0.3],
          ],
        ],
      ] as const),
      popular: ["a", "e", "f"],
      popularWeight: 0.02,
      mayShow: anything,
    });
    expect(merged.map(({ itemId, score, reasons }) => [itemId, rounded(score), reasons.join("+")])).toEqual([
      ["b", 2.9, "behavior+content+tags+category"],
      ["d", 1.8, "content"],
      ["a", 1.2, "behavior"],
      ["e", 0.011, "popular"],
      ["f", 0.002, "popular"],
      ["c", 0, "behavior"],
    ]);
  });

  test("popular items alone count from 1 down to 0.1", () => {
    const popular = ["a", "b", "c", "d"];
    const merged = mergeCandidates({
      channels: [],
      alike: new Map(),
      popular,
      popularWeight: 1,
      mayShow: anything,
    });
    expect(merged.map(({ score }) => rounded(score))).toEqual([1, 0.7, 0.4, 0.1]);
  });

  test("are each there once, best first, and never one that may not be shown", () => {
    const someHits = fc.dictionary(
      fc.constantFrom(..."abcdefgh"),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
    );
    fc.assert(
      fc.property(
        someHits,
        someHits,
        fc.uniqueArray(fc.constantFrom(..."abcdefgh")),
        (one, other, popular) => {
          const merged = mergeCandidates({
            channels: [
              { name: "behavior", weight: 1, hits: hits(one) },
              { name: "content", weight: 2, hits: hits(other) },
            ],
            alike: new Map(),
            popular,
            popularWeight: 0.02,
            mayShow: (itemId) => itemId !== "a",
          });
          const ids = merged.map(({ itemId }) => itemId);
          expect(new Set(ids).size).toBe(ids.length);
          expect(ids).not.toContain("a");
          const known = new Set([...Object.keys(one), ...Object.keys(other), ...popular]);
          known.delete("a");
          expect(new Set(ids)).toEqual(known);
          expect(merged.every(({ score }, at) => at === 0 || score <= (merged[at - 1]?.score ?? 0))).toBe(
            true,
          );
        },
      ),
    );
  });
});
