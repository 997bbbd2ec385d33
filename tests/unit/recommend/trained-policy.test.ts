/** How a trained policy answers: by what the run learned and the stream knows, without what must not be seen. */

import { describe, expect, test } from "bun:test";
import { itemKnn } from "../../../src/models/item-knn.ts";
import { takesOf } from "../../../src/models/takes.ts";
import type { UserEvents } from "../../../src/recommend/ports.ts";
import type { TrainedModel } from "../../../src/recommend/trained-model.ts";
import type { FakeStore } from "../../support/fake-feature-reader.ts";
import { serving } from "../../support/serving.ts";
import { logOf } from "../models/logs.ts";

const log = logOf("a x|a x|a y|b z|b z");
const model: TrainedModel = {
  runId: "20260101_023000",
  strategy: "knn_rules_blend",
  itemIds: log.itemIds,
  lists: { item_knn: itemKnn(takesOf(log)) },
  sessions: null,
  weights: { item_knn: 0.7, sequential_rules: 0.2, decayed_popularity: 0.1 },
  sessionWeights: { sequential_rules: 0.9, decayed_popularity: 0.1 },
  profileHalfLife: 5,
};

const events = (...itemIds: string[]): UserEvents => ({
  itemIds,
  tsMs: itemIds.map((_, place) => 1_000 + place),
});

const contents = (): Partial<FakeStore> => ({
  recent: new Map([
    ["u1", events("a")],
    ["session:s1", events("a")],
  ]),
  neighbours: new Map([["a", { totalWeight: 5, items: [{ itemId: "new", weight: 5, count: 1 }] }]]),
  decayed: ["t", "x"].map((itemId, place) => ({ itemId, score: 10 - place, category: null })),
});

const setUp = () =>
  serving({ contents: contents(), settings: { policy: "trained", rankedListTtlMs: 20_000 }, model });

describe("a trained policy answers", () => {
  test("by its run and by rules newer than it, and says so", async () => {
    const answer = await setUp().ask("reco");
    expect(answer).toMatchObject({
      modelVersion: "knn_rules_blend-20260101_023000",
      strategy: "knn_rules_blend",
      degraded: null,
    });
    expect(answer.ids).toEqual(["x", "y", "new", "t"]);
  });

  test("a guest by the weights for sessions", async () => {
    const { ids } = await setUp().ask("reco", { userId: "nobody", sessionId: "s1" });
    expect(ids[0]).toBe("new");
  });

  test("without what the caller excludes", async () => {
    const { ids } = await setUp().ask("reco", { exclude: new Set(["x", "new"]) });
    expect(ids).toEqual(["y", "t"]);
  });

  test("with a watch just acknowledged", async () => {
    const { ask, state } = setUp();
    await ask("reco");
    const watch = {
      eventId: "watch-1",
      userId: "u1",
      signal: "view",
      tsMs: 9_000,
      origin: "stream",
    } as const;
    state.overlayAdd([{ ...watch, itemId: "b" }]);
    expect((await ask("reco")).ids).toContain("z");
  });

  test("somebody unknown with what is popular", async () => {
    expect((await setUp().ask("reco", { userId: "nobody" })).ids).toEqual(["t", "x"]);
  });
});
