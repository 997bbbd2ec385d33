/** What must hold of a brand-new item, whichever policy with profiles answers. */

import { expect } from "bun:test";
import { unknownCard } from "../../src/recommend/catalog-cards.ts";
import type { TrainedModel } from "../../src/recommend/trained-model.ts";
import type { FakeReader } from "./fake-feature-reader.ts";
import { serving } from "./serving.ts";

/** Within this the item is to be in answers. */
const SOON_MS = 1_000;

/** A shop of films and songs; `u1` took `taken`, a film about space. `breaks` may spoil the store's reads. */
export function aShop(model?: TrainedModel, breaks: (fake: FakeReader) => void = () => {}) {
  const card = (id: string, tags: readonly string[]) => ({ version: 1, card: { ...unknownCard(id), tags } });
  const shop = serving({
    contents: {
      recent: new Map([["u1", { itemIds: ["taken"], tsMs: [1_000] }]]),
      decayed: ["p1", "p2"].map((itemId, place) => ({ itemId, score: 10 - place, category: null })),
      cards: new Map([
        ["taken", card("taken", ["space", "film"])],
        ["p1", card("p1", ["film"])],
      ]),
    },
    settings: { policy: model ? "trained" : "stream-v1", rankedListTtlMs: 60_000 },
    ...(model && { model }),
  });
  breaks(shop);
  /** As PUT /catalog/items/{id} commits it. */
  const put = (id: string, tags: readonly string[], interactions = 0) => {
    shop.store.newness.set(id, { createdAtMs: shop.clock.nowMs(), interactions });
    shop.store.cards.set(id, card(id, tags));
  };
  return { ...shop, put, soon: () => shop.clock.advance(SOON_MS) };
}

export async function checkNewItemReached(shop: ReturnType<typeof aShop>): Promise<void> {
  await shop.warmUp();
  const before = await shop.ask("reco", { k: 200 });
  expect(before.ids).toEqual(["p1", "p2"]);
  // The list of before is one that would be kept.
  expect((await shop.ask("reco", { k: 200 })).list).toBe(before.list);
  shop.put("new-film", ["space", "film"]);
  await shop.soon();
  const after = await shop.ask("reco", { k: 200 });
  expect(after.ids).toContain("new-film");
  const found = after.items.find(({ itemId }) => itemId === "new-film");
  expect(found?.sources.map(({ name }) => name)).toEqual(["content"]);
}
