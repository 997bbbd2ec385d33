/** A brand-new item is in answers for whom it fits, by both policies with profiles, under the rules of any other item. */

import { describe, expect, test } from "bun:test";
import { SIGNAL_WEIGHT } from "../../../src/events/model.ts";
import type { TrainedModel } from "../../../src/recommend/trained-model.ts";
import { aShop, checkNewItemReached } from "../../support/reach-checks.ts";

const TRAINED: TrainedModel = {
  runId: "20260101_023000",
  strategy: "knn_rules_blend",
  itemIds: ["taken", "p1"],
  lists: {},
  sessions: null,
  weights: { item_knn: 0.7, sequential_rules: 0.2, decayed_popularity: 0.1 },
  sessionWeights: { sequential_rules: 0.9, decayed_popularity: 0.1 },
  profileHalfLife: 5,
  signalWeights: SIGNAL_WEIGHT,
};

describe.each([
  ["stream-v1", undefined],
  ["a trained policy", TRAINED],
])("by %s a new item", (_, model) => {
  test("is in answers within a second, though the list before was kept", async () => {
    await checkNewItemReached(aShop(model));
  });

  test("is there from the start on, for users whom it fits", async () => {
    const shop = aShop(model);
    shop.put("new-film", ["space"]);
    shop.put("new-song", ["music"]);
    await shop.warmUp();
    expect((await shop.ask("reco")).ids).toEqual(["p1", "new-film", "p2"]);
    expect((await shop.ask("reco", { userId: "nobody" })).ids).toEqual(["p1", "p2"]);
  });

  test("is not there for whom it is hidden, excluded or seen, nor against a filter", async () => {
    const shop = aShop(model);
    shop.put("new-film", ["space"]);
    await shop.warmUp();
    const held = async (over = {}) => (await shop.ask("reco", over)).ids.includes("new-film");
    const only = (id: string) => ({
      text: id,
      asksUser: false,
      of: (item: { item_id: string }) => item.item_id === id,
    });
    expect(await held()).toBe(true);
    expect(await held({ exclude: new Set(["new-film"]) })).toBe(false);
    expect(await held({ filter: only("p1") })).toBe(false);
    expect(await held({ filter: only("new-film") })).toBe(true);
    shop.state.overlayAdd([
      { eventId: "w", userId: "u1", itemId: "new-film", signal: "view", tsMs: 9_000, origin: "stream" },
    ]);
    expect(await held()).toBe(false);
    shop.store.recent.set("u2", { itemIds: ["taken"], tsMs: [1_000] });
    expect(await held({ userId: "u2" })).toBe(true);
    shop.store.hiddenItems.add("new-film");
    await shop.soon();
    expect(await held({ userId: "u2" })).toBe(false);
  });

  test("is left to the other sources once enough users took it", async () => {
    const shop = aShop(model);
    shop.put("new-film", ["space"]);
    await shop.warmUp();
    expect((await shop.ask("reco")).ids).toContain("new-film");
    shop.store.newness.set("new-film", { createdAtMs: 0, interactions: 5 });
    const change = { userIds: ["u1"], relatedItemIds: [], ruleItemIds: [], eventIds: [] };
    shop.state.apply({ ...change, itemIds: ["new-film"] });
    await shop.soon();
    expect((await shop.ask("reco")).ids).not.toContain("new-film");
  });
});
