import { describe, expect, test } from "bun:test";
import { CardIndex } from "../../../src/recommend/card-index.ts";
import { type CatalogCard, unknownCard } from "../../../src/recommend/catalog-cards.ts";

const card = (itemId: string, about: Partial<CatalogCard> = {}) => ({ ...unknownCard(itemId), ...about });

function indexOf(cards: readonly CatalogCard[]) {
  const index = new CardIndex();
  for (const [number, each] of cards.entries()) index.put(number, each, undefined);
  return index;
}

describe("the index of cards", () => {
  test("finds what shares a tag, the category or the price bucket, and not the item itself", () => {
    const one = card("one", { tags: ["a"], category: "c", price: 10 });
    const index = indexOf([
      one,
      card("by-tag", { tags: ["b", "a"] }),
      card("by-category", { category: "c" }),
      card("by-price", { price: 99 }),
      card("other", { tags: ["b"], category: "d", price: 100 }),
    ]);
    expect([...index.candidates(one)].sort()).toEqual(["by-category", "by-price", "by-tag"]);
    expect([...index.candidates(unknownCard("one"))]).toEqual([]);
    expect([index.size, index.idAt(1)]).toEqual([5, "by-tag"]);
  });

  test("a changed card is found by what it has now", () => {
    const before = card("x", { tags: ["a"] });
    const index = indexOf([before]);
    index.put(0, card("x", { tags: ["a", "b"] }), before);
    expect([...index.candidates(card("y", { tags: ["b"] }))]).toEqual(["x"]);
    expect(index.size).toBe(1);
  });

  test("looks at a bounded number of items, the newest first", () => {
    const many = Array.from({ length: 5_000 }, (_, n) =>
      card(`i${n}`, { tags: Array.from({ length: 20 }, (_, tag) => `t${tag}`), category: "c", price: 1 }),
    );
    const found = indexOf(many).candidates(many[0] as CatalogCard);
    expect(found.size).toBeLessThanOrEqual(8 * 100 + 100 + 50);
    expect(found.has("i4999")).toBe(true);
  });
});
