import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type CatalogCard, unknownCard } from "../../../src/recommend/catalog-cards.ts";
import type { ItemFacts } from "../../../src/recommend/expression.ts";
import { Likeness } from "../../../src/recommend/likeness.ts";
import type { RankedList } from "../../../src/recommend/ranked-list.ts";
import { type JudgeInput, judge, pick } from "../../../src/recommend/refine.ts";
import { NO_SPREAD, type SpreadRules, spreadOut } from "../../../src/recommend/spread.ts";

const NOW_MS = Date.UTC(2026, 0, 31);
const days = (ago: number) => new Date(NOW_MS - ago * 86_400_000).toISOString();

/** Items in order, with falling scores that two sources share. */
function listOf(
  itemIds: readonly string[],
  scores = itemIds.map((_, place) => itemIds.length - place),
): RankedList {
  return {
    itemIds,
    scores: Float64Array.from(scores),
    sources: ["sequential_rules", "decayed_popularity"],
    sourceScores: Float64Array.from(scores.flatMap((score) => [score * 0.75, score * 0.25])),
  };
}

const refined = (
  list: RankedList,
  cards: Record<string, Partial<CatalogCard>>,
  over: Partial<JudgeInput> & { spread?: SpreadRules; k?: number; extra?: number } = {},
) => {
  const { k = 10, extra = 0, spread = NO_SPREAD, ...given } = over;
  const candidates = judge({
    list,
    filter: null,
    boost: null,
    cardOf: (itemId) => ({ ...unknownCard(itemId), ...cards[itemId] }),
    user: { attributes: {} },
    hasTime: () => true,
    ...given,
  });
  return pick(list, spreadOut(candidates, spread, { k, extra, nowMs: NOW_MS }));
};
const spread = (rules: Partial<SpreadRules>) => ({ spread: { ...NO_SPREAD, ...rules } });

describe("refine", () => {
  test("leaves out what does not pass the filter", () => {
    const filter = {
      text: "",
      asksUser: false,
      asksItem: [],
      of: (card: ItemFacts) => card.category === "x",
    };
    const { itemIds } = refined(
      listOf(["a", "b", "c"]),
      { a: { category: "x" }, c: { category: "x" } },
      { filter },
    );
    expect(itemIds).toEqual(["a", "c"]);
  });

  test("judges a few hundred items when there is no time, and all that there is time for", () => {
    const list = listOf(Array.from({ length: 2_000 }, (_, n) => `i${n}`));
    const judgedWith = (hasTime: () => boolean) => {
      let judged = 0;
      const filter = { text: "", asksUser: false, asksItem: [], of: () => ++judged < 0 };
      refined(list, {}, { filter, hasTime });
      return judged;
    };
    let looks = 0;
    const all = judgedWith(() => true);
    expect([judgedWith(() => false), judgedWith(() => ++looks < 3), all]).toEqual([256, 768, 2_000]);
  });

  test("a boost moves items, and what the sources gave still adds up to the score", () => {
    const boost = {
      text: "",
      asksUser: false,
      asksItem: [],
      of: (card: ItemFacts) => (card.item_id === "c" ? 5 : 1),
    };
    const { itemIds, scores, sourceScores } = refined(listOf(["a", "b", "c"]), {}, { boost });
    expect(itemIds).toEqual(["c", "a", "b"]);
    expect([...scores]).toEqual([5, 3, 2]);
    expect([...sourceScores]).toEqual([3.75, 1.25, 2.25, 0.75, 1.5, 0.5]);
  });

  test("no author and no category comes more often than its cap; nameless ones do not count", () => {
    const cards = { a: { author: "x" }, b: { author: "x" }, c: {}, d: {}, e: { author: "y", category: "z" } };
    const list = listOf(["a", "b", "c", "d", "e"]);
    expect(refined(list, cards, spread({ maxPerAuthor: 1 })).itemIds).toEqual(["a", "c", "d", "e"]);
    expect(refined(list, cards, { ...spread({ maxPerCategory: 1 }), k: 3 }).itemIds).toEqual(["a", "b", "c"]);
  });

  test("the share of fresh items is kept where there are such, and gone without where not", () => {
    const cards = { d: { published_at: days(1) }, e: { published_at: days(40) } };
    const list = listOf(["a", "b", "c", "d", "e"]);
    const rules = spread({ freshnessQuota: 0.5, freshDays: 7 });
    expect(refined(list, cards, { ...rules, k: 2 }).itemIds).toEqual(["a", "d"]);
    expect(refined(list, {}, { ...rules, k: 2 }).itemIds).toEqual(["a", "b"]);
  });

  test("of two alike the second gives way to something else", () => {
    const cards = { a: { tags: ["x"] }, b: { tags: ["x"] }, c: { tags: ["y"] } };
    const list = listOf(["a", "b", "c"], [1, 0.9, 0.8]);
    expect(refined(list, cards, { ...spread({ diversityLambda: 0.3 }), k: 2 }).itemIds).toEqual(["a", "c"]);
    expect(refined(list, cards, { ...spread({ diversityLambda: 1 }), k: 2 }).itemIds).toEqual(["a", "b"]);
  });

  test("whatever the rules: no repeats, nothing from outside the list, at most k, caps kept, sources add up", () => {
    const card = fc.record({
      author: fc.constantFrom(null, "x", "y"),
      category: fc.constantFrom(null, "p", "q"),
      tags: fc.uniqueArray(fc.constantFrom("t", "u", "v")),
      published_at: fc.constantFrom(null, days(1), days(90)),
    });
    const rules = fc.record({
      maxPerAuthor: fc.integer({ min: 0, max: 2 }),
      maxPerCategory: fc.integer({ min: 0, max: 2 }),
      freshnessQuota: fc.constantFrom(0, 0.3, 1),
      freshDays: fc.constant(7),
      diversityLambda: fc.constantFrom(0, 0.5, 0.85, 1),
    });
    fc.assert(
      fc.property(
        fc.array(card, { maxLength: 20 }),
        rules,
        fc.integer({ min: 1, max: 12 }),
        (cards, given, k) => {
          const named = Object.fromEntries(cards.map((each, place) => [`i${place}`, each]));
          const list = listOf(Object.keys(named));
          const { itemIds, scores, sourceScores } = refined(list, named, { spread: given, k });
          expect(new Set(itemIds).size).toBe(itemIds.length);
          expect(itemIds.length).toBeLessThanOrEqual(k);
          expect(itemIds.every((id) => id in named)).toBe(true);
          for (const [member, max] of [
            ["author", given.maxPerAuthor],
            ["category", given.maxPerCategory],
          ] as const) {
            const names = itemIds.map((id) => named[id]?.[member]).filter((name) => name !== null);
            const most = Math.max(0, ...names.map((name) => names.filter((other) => other === name).length));
            if (max > 0) expect(most).toBeLessThanOrEqual(max);
          }
          if (given.maxPerAuthor === 0 && given.maxPerCategory === 0) {
            expect(itemIds).toHaveLength(Math.min(k, cards.length));
          }
          scores.forEach((score, at) => {
            expect((sourceScores[2 * at] ?? 0) + (sourceScores[2 * at + 1] ?? 0)).toBeCloseTo(score);
          });
        },
      ),
    );
  });

  test("likeness is the share of common tags with the likest of those chosen", () => {
    const tags = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 5 });
    const jaccard = (one: ReadonlySet<string>, other: ReadonlySet<string>) =>
      one.size + other.size === 0 ? 0 : one.intersection(other).size / one.union(other).size;
    fc.assert(
      fc.property(
        fc.array(tags, { minLength: 1, maxLength: 8 }),
        fc.infiniteStream(fc.nat()),
        (pool, draws) => {
          const likeness = new Likeness(pool);
          const chosen: number[] = [];
          for (let n = 0; n < 3; n++) {
            chosen.push((draws.next().value as number) % pool.length);
            likeness.raise(chosen[n] as number);
            const expected = pool.map((names) =>
              Math.max(...chosen.map((at) => jaccard(new Set(names), new Set(pool[at])))),
            );
            expect([...likeness.values]).toEqual(expected);
          }
        },
      ),
    );
  });
});
