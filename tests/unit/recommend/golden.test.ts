/** Answers over a small fixed world, item by item: what changes here changes for every user. */

import { expect, test } from "bun:test";
import { Deadline } from "../../../src/core/deadline.ts";
import { createRecommender } from "../../../src/recommend/engine.ts";
import { explain } from "../../../src/recommend/ranked-list.ts";
import { ServingState } from "../../../src/recommend/serving-state.ts";
import world from "../../fixtures/recommendations.json" with { type: "json" };
import { fakeReader, watched } from "../../support/fake-feature-reader.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { servingSettings } from "../../support/serving-settings.ts";

const scored = (pairs: (string | number)[][]) =>
  pairs.map(([itemId, score]) => ({ itemId: String(itemId), score: Number(score) }));

function worldRecommender() {
  const clock = manualClock();
  const { reader } = fakeReader(clock, {
    popularity: scored(world.popularity),
    related: new Map(Object.entries(world.related).map(([itemId, pairs]) => [itemId, scored(pairs)])),
    history: new Map(Object.entries(world.histories).map(([user, ids]) => [user, watched(...ids)])),
  });
  const observer = { late: () => {}, recalled: () => {}, failed: () => {} };
  const snapshots = { load: async () => null, save: async () => {} };
  const state = new ServingState({ reader, snapshots, settings: servingSettings(), clock, observer });
  const recommender = createRecommender({ state, clock, observer, comparison: null });
  return { recommender, deadline: () => Deadline.after(250, clock) };
}

test.each(world.answers.map((answer) => [`${answer.user}, k = ${answer.k}`, answer] as const))(
  "the answers for a user with %s stay as they are",
  async (_, { user, k, exclude, reco, recommend }) => {
    const { recommender, deadline } = worldRecommender();
    const request = { userId: user, sessionId: null, k, exclude: new Set<string>(exclude) };
    const ranked = await recommender.reco(request, deadline());
    const listed = await recommender.recommend(request, deadline());
    expect(explain(ranked.list).map(({ itemId, score }) => [itemId, score])).toEqual(reco);
    expect(listed.list.itemIds).toEqual(recommend);
  },
);
