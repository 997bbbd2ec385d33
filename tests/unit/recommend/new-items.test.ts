/** New items: which are like which, what content says of them to a profile, and how policies take them up. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { train } from "../../../src/models/train.ts";
import { type CatalogCard, unknownCard } from "../../../src/recommend/catalog-cards.ts";
import { NOTHING_HIDDEN } from "../../../src/recommend/hidden-items.ts";
import { ItemTable } from "../../../src/recommend/item-table.ts";
import { itemTerms } from "../../../src/recommend/item-terms.ts";
import type { ItemText } from "../../../src/recommend/item-text.ts";
import { neighbourList } from "../../../src/recommend/neighbour-list.ts";
import { NewItemContent } from "../../../src/recommend/new-item-content.ts";
import { type NewItem, NewItemIndex } from "../../../src/recommend/new-item-index.ts";
import { LIKEST, MAX_NEW_CANDIDATES, type NewItemScores } from "../../../src/recommend/new-item-scores.ts";
import { MAX_NEW_ITEMS, NewItems } from "../../../src/recommend/new-items.ts";
import { PopularityIndex } from "../../../src/recommend/popularity-index.ts";
import { explain, type RankedList } from "../../../src/recommend/ranked-list.ts";
import { StreamScratch } from "../../../src/recommend/stream-v1.ts";
import { type BlendWeights, placeModel } from "../../../src/recommend/trained-model.ts";
import { TrainedScratch } from "../../../src/recommend/trained-scratch.ts";
import { recentIn, viewed } from "../../support/recent.ts";
import { logOf } from "../models/logs.ts";

const text = (title: string | null, tags: readonly string[] = [], category: string | null = null) => ({
  title,
  category,
  author: null,
  tags,
});
const aNewItem = (itemId: string, own: ItemText, createdAtMs = 0, interactions = 0): NewItem => ({
  itemId,
  terms: itemTerms(own),
  createdAtMs,
  interactions,
});
const likeTo = (index: NewItemIndex, own: ItemText) => {
  const { entries, likeness } = index.likeTo(itemTerms(own));
  return Array.from(
    entries,
    (entry, place) => [index.itemIds[entry] as string, likeness[place] as number] as const,
  );
};

describe("the index of new items", () => {
  test("finds items that share labels and words, the same text at 1, and nothing for one without text", () => {
    const index = new NewItemIndex([
      aNewItem("same", text("Moon of Ice", ["space"], "film")),
      aNewItem("tagged", text("Sun", ["space"])),
      aNewItem("other", text("Sea", ["water"])),
    ]);
    const found = likeTo(index, text("moon OF ice", ["Space"], "Film"));
    expect(found.map(([id]) => id)).toEqual(["same", "tagged"]);
    expect(found[0]?.[1]).toBeCloseTo(1, 6);
    expect(likeTo(index, text(null))).toEqual([]);
  });

  test("words of a title that nobody shares do not drown the labels", () => {
    const crowd = Array.from({ length: 50 }, (_, n) => aNewItem(`i${n}`, text(`Word${n}`, [`t${n % 10}`])));
    const index = new NewItemIndex([...crowd, aNewItem("new", text("Quite Unheard Title", ["t3"]))]);
    const likeness = new Map(likeTo(index, text("Another Rare Name", ["t3"])));
    expect(likeness.get("new")).toBeCloseTo(0.75, 6);
  });

  test("of items about equally like puts the newest first, so that a brand-new one is never crowded out", () => {
    const crowd = Array.from({ length: 500 }, (_, n) =>
      aNewItem(`i${n}`, text(`Word${n}`, ["drama"]), 1_000 + (n % 7)),
    );
    const index = new NewItemIndex([...crowd, aNewItem("brand-new", text("Fresh", ["drama"]), 9_000)]);
    const found = likeTo(index, text("Seen", ["drama"]));
    expect(found).toHaveLength(LIKEST);
    expect(found[0]?.[0]).toBe("brand-new");
  });

  const words = fc.array(fc.constantFrom("sun", "moon", "sea", "ice"), { maxLength: 3 });
  const texts = fc
    .tuple(words, words, fc.option(fc.constantFrom("film", "song")))
    .map(([title, tags, category]) => text(title.join(" "), [...new Set(tags)], category));
  const newItems = fc
    .array(fc.tuple(texts, fc.integer({ min: 0, max: 3 })), { maxLength: 120, size: "max" })
    .map((all) => all.map(([own, at], n) => aNewItem(`i${n}`, own, at)));

  test("answers a bounded list of its own items, each once, by likeness in steps; in whatever order they came", () => {
    fc.assert(
      fc.property(newItems, texts, (items, own) => {
        const index = new NewItemIndex(items);
        const found = likeTo(index, own);
        expect(found.length).toBeLessThanOrEqual(LIKEST);
        expect(new Set(found.map(([id]) => id)).size).toBe(found.length);
        for (const [place, [id, likeness]] of found.entries()) {
          expect(likeness).toBeGreaterThan(0);
          expect(likeness).toBeLessThanOrEqual(1);
          expect(likeness).toBeLessThan((found[place - 1]?.[1] ?? 1) + 1 / 16 + 1e-3);
          expect(index.entryOf(id)).toBeGreaterThanOrEqual(0);
        }
        expect(likeTo(new NewItemIndex(items.toReversed()), own)).toEqual(found);
        expect(likeTo(index, own)).toEqual(found);
      }),
    );
  });
});

describe("new items", () => {
  test("are a bounded number: the oldest make room", () => {
    const items = new NewItems();
    const rows = Array.from({ length: MAX_NEW_ITEMS + 5_000 }, (_, n) => ({
      version: 1,
      card: { ...unknownCard(`i${n}`), tags: ["t"] },
    }));
    items.take(rows, new Map(rows.map(({ card }, n) => [card.item_id, { createdAtMs: n, interactions: 0 }])));
    items.renew();
    const [{ index }, fresh] = items.layers;
    expect([index.size, fresh.index.size]).toEqual([MAX_NEW_ITEMS, 0]);
    expect(index.itemIds[0]).toBe(`i${MAX_NEW_ITEMS + 4_999}`);
    expect(index.entryOf("i0")).toBe(-1);
    expect(items.due().length).toBeLessThanOrEqual(1_100);
  });
});

/** Items with tags that come and change, as the catalogue tells of them. */
function followed() {
  const items = new NewItems();
  const take = (all: Record<string, readonly string[]>, interactions = 0) => {
    const rows = Object.entries(all).map(([id, tags]) => ({
      version: 1,
      card: { ...unknownCard(id), tags },
    }));
    const known = { createdAtMs: 0, interactions };
    items.take(rows, new Map(rows.map(({ card }) => [card.item_id, known])));
  };
  /** What a look-up of an item with these tags finds, by novelty. */
  const found = (...tags: string[]) =>
    Object.fromEntries(
      items.layers.flatMap(({ index, novelty }) =>
        Array.from(index.likeTo(itemTerms(text(null, tags))).entries, (entry) => [
          index.itemIds[entry] as string,
          Number((novelty[entry] as number).toFixed(3)),
        ]).filter(([, left]) => left !== 0),
      ),
    );
  return { items, take, found };
}

describe("the layers of new items", () => {
  const crowd = (from: number, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`i${from + n}`, [`t${from + n}`]]));

  test("what comes late is found beside what was there, and joins it when it is much", () => {
    const { items, take, found } = followed();
    const sizes = () => items.layers.map(({ index }) => index.size);
    take(crowd(0, 600));
    expect([items.renew(), sizes()]).toEqual([true, [600, 0]]);
    take(crowd(600, 3));
    expect([items.renew(), sizes()]).toEqual([true, [600, 3]]);
    expect([found("t5"), found("t601")]).toEqual([{ i5: 1 }, { i601: 1 }]);
    take(crowd(603, 600));
    expect([items.renew(), sizes()]).toEqual([true, [1_203, 0]]);
    expect([found("t5"), found("t601")]).toEqual([{ i5: 1 }, { i601: 1 }]);
  });

  test("an item whose text changes counts by the new one alone, one that grew up not at all", () => {
    const { items, take, found } = followed();
    take(crowd(0, 600));
    items.renew();
    take({ i5: ["other"] });
    items.renew();
    expect([found("t5"), found("other")]).toEqual([{}, { i5: 1 }]);
    take({ i5: ["other"] }, 3);
    expect([items.renew(), found("other")]).toEqual([false, { i5: 0.4 }]);
    take({ i5: ["other"], i6: ["t6"] }, 5);
    expect([items.renew(), found("other"), found("t6")]).toEqual([false, {}, {}]);
    take({ i6: ["t6"] });
    items.renew();
    expect(found("t6")).toEqual({ i6: 1 });
  });
});

function contentOf(items: Record<string, readonly string[]>, cards: Record<string, readonly string[]>) {
  const followed = new NewItems();
  const cardOf = (id: string, tags: readonly string[]): CatalogCard => ({ ...unknownCard(id), tags });
  const take = (id: string, tags: readonly string[], interactions = 0) => {
    const newness = new Map([[id, { createdAtMs: 0, interactions }]]);
    followed.take([{ version: 1, card: cardOf(id, tags) }], newness);
    followed.renew();
  };
  for (const [id, tags] of Object.entries(items)) take(id, tags);
  const known = new Map(Object.entries(cards).map(([id, tags]) => [id, cardOf(id, tags)]));
  let version = 0;
  const change = (id: string, tags: readonly string[]) => {
    known.set(id, cardOf(id, tags));
    version++;
  };
  const content = new NewItemContent(followed, {
    get: (id) => known.get(id) ?? null,
    get version() {
      return version;
    },
  });
  const scores = (newest: readonly string[], table = new ItemTable()) => {
    const { count, slots, values } = content.scores(newest, table);
    return Object.fromEntries(
      Array.from({ length: count }, (_, at) => [table.nameOf(slots[at] as number), values[at] as number]),
    );
  };
  return { followed, scores, take, change };
}

describe("content of new items", () => {
  test("adds up the likeness to the newest five items, older ones counting .7 a step", () => {
    const { scores } = contentOf({ n: ["x"], m: ["y"] }, { a: ["x"], b: ["x"], c: ["y"] });
    const found = scores(["a", "no card", "b", "c"]);
    expect(found["n"]).toBeCloseTo(1 + 0.7 ** 2, 6);
    expect(found["m"]).toBeCloseTo(0.7 ** 3, 6);
    expect(scores(["c"])).toEqual({ m: 1 });
    expect(scores([])).toEqual({});
  });

  test("says the less the more interactions speak, and nothing from the fifth on", () => {
    const { scores, followed } = contentOf({ n: ["x"] }, { a: ["x"] });
    const after = (interactions: number) => {
      followed.recount(["n"], new Map([["n", { createdAtMs: 0, interactions }]]));
      return scores(["a"]);
    };
    expect(after(2)["n"]).toBeCloseTo(0.6, 6);
    expect(after(5)).toEqual({});
  });

  test("follows new items, what items of the profile are called, and another table", () => {
    const { scores, take, change } = contentOf({ n: ["x"] }, { a: ["x"] });
    expect(Object.keys(scores(["a"]))).toEqual(["n"]);
    take("later", ["x"]);
    const table = new ItemTable();
    table.intern("something");
    expect(Object.keys(scores(["a"], table)).sort()).toEqual(["later", "n"]);
    change("a", ["y"]);
    expect(scores(["a"], table)).toEqual({});
  });
});

const scoresIn = (table: ItemTable, values: Record<string, number>): NewItemScores => ({
  count: Object.keys(values).length,
  slots: Int32Array.from(Object.keys(values), (id) => table.intern(id)),
  values: Float32Array.from(Object.values(values)),
});
const byId = (list: RankedList) => new Map(explain(list).map((item) => [item.itemId, item]));

const ids = fc.constantFrom(..."abcdefgh");
const worlds = fc.record({
  popularity: fc.uniqueArray(fc.tuple(ids, fc.integer({ min: 1, max: 9 })), { selector: ([id]) => id }),
  rules: fc.uniqueArray(fc.tuple(fc.constantFrom(..."abcdefghno"), fc.integer({ min: 1, max: 9 })), {
    selector: ([id]) => id,
  }),
  content: fc.dictionary(fc.constantFrom(..."nopqrs"), fc.double({ min: 0.01, max: 2, noNaN: true })),
  unwanted: fc.uniqueArray(fc.constantFrom(..."abnop"), { maxLength: 3 }),
  hiddenId: fc.constantFrom(..."aqr-"),
  weight: fc.constantFrom(0, 0.05, 0.4),
});
type World = typeof worlds extends fc.Arbitrary<infer T> ? T : never;

const model = {
  ...train(logOf("a b c|a b|b c d|a d|e f"), {
    runId: "20260101_023000",
    texts: new Map([..."abcdef"].map((id, n) => [id, text(`t${n % 3}`)])),
    halfLifeHours: 8_760,
    easeMaxRows: 100,
    onStage() {},
  }).model,
  profileHalfLife: 3,
};

/** Answers of both policies, without and with new items. */
function answers({ popularity, rules, content, unwanted, hiddenId, weight }: World) {
  const table = new ItemTable();
  const index = new PopularityIndex(table);
  index.replace(popularity.map(([itemId, score]) => ({ itemId, score })));
  const items = rules.map(([itemId, units]) => ({ itemId, weight: units, count: units }));
  const neighbours = [neighbourList({ totalWeight: 60, items }, table)];
  const placed = placeModel(model, table);
  const newItems = scoresIn(table, content);
  const common = {
    index,
    unwanted: unwanted.map((id) => table.slotOf(id)),
    hidden: { has: (slot: number) => table.nameOf(slot) === hiddenId },
    k: 1_000,
  };
  const stream = { ...common, sources: neighbours };
  const trained = { ...common, placed, neighbours, recent: recentIn(table, model, viewed("a")) };
  const weights: BlendWeights = {
    ease: 0.5,
    sequential_rules: 0.3,
    decayed_popularity: 0.2,
    content: weight,
  };
  const scratch = new TrainedScratch();
  return [
    [new StreamScratch().rank(stream), new StreamScratch().rank({ ...stream, newItems })],
    [scratch.rank(trained, weights), scratch.rank({ ...trained, newItems }, weights)],
  ] as const;
}

describe("policies with new items", () => {
  test("score everything else as they do without, and leave out what they must", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        for (const [without, joined] of answers(world)) {
          const known = byId(without);
          const found = byId(joined);
          for (const [itemId, item] of known) {
            if (!(itemId in world.content)) expect(found.get(itemId)).toEqual(item);
          }
          for (const [itemId, item] of found) {
            expect(known.has(itemId) || itemId in world.content).toBe(true);
            expect([...world.unwanted, world.hiddenId]).not.toContain(itemId);
            expect(item.sources.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(item.score, 5);
          }
          const order = [...joined.scores];
          expect(order).toEqual(order.toSorted((a, b) => b - a));
        }
      }),
    );
  });

  test("give the one that fits best the weight of content whole, a tenth where the run gives none", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const wanted = Object.entries(world.content).filter(
          ([id]) => ![...world.unwanted, world.hiddenId].includes(id),
        );
        const others = byId(answers({ ...world, content: {} })[0][0]);
        // Something must lack what the best one has.
        if (wanted.length === 0 || ![...others.keys()].some((id) => !(id in world.content))) return;
        const [best = ""] = wanted.toSorted((a, b) => Math.fround(b[1]) - Math.fround(a[1]))[0] ?? [];
        for (const [place, [, joined]] of answers(world).entries()) {
          const content = byId(joined)
            .get(best)
            ?.sources.find(({ name }) => name === "content");
          expect(content?.score).toBeCloseTo(place === 0 ? 0.1 : world.weight || 0.1, 5);
        }
      }),
    );
  });

  test("an item that the run knows is left to the run's own lists", () => {
    const table = new ItemTable();
    const index = new PopularityIndex(table);
    const placed = placeModel(model, table);
    const newItems = scoresIn(table, { f: 1 });
    const input = {
      placed,
      index,
      neighbours: [],
      recent: recentIn(table, model, viewed("a")),
      unwanted: [],
      hidden: NOTHING_HIDDEN,
      k: 10,
      newItems,
    };
    expect(byId(new TrainedScratch().rank(input, { ease: 1 })).has("f")).toBe(false);
  });

  test("no more than fit are candidates", () => {
    const table = new ItemTable();
    const many = Object.fromEntries(Array.from({ length: MAX_NEW_CANDIDATES }, (_, n) => [`n${n}`, 1 + n]));
    const newItems = scoresIn(table, many);
    const index = new PopularityIndex(table);
    index.replace(Array.from({ length: 3_000 }, (_, n) => ({ itemId: `p${n}`, score: 9_000 - n })));
    const input = {
      index,
      unwanted: [],
      hidden: NOTHING_HIDDEN,
      k: 5_000,
      newItems,
      popularCandidates: 2_000,
    };
    const stream = new StreamScratch().rank({ ...input, sources: [] });
    expect(stream.itemIds).toHaveLength(2_000 + MAX_NEW_CANDIDATES);
    const placed = placeModel(model, table);
    const trained = new TrainedScratch().rank(
      { ...input, placed, neighbours: [], recent: recentIn(table, model, []) },
      { ease: 1 },
    );
    expect(trained.itemIds).toHaveLength(2_000 + MAX_NEW_CANDIDATES);
  });
});
