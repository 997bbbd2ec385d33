/** The user-to-user channel: what like sessions bring, in the numbers of the run. */

import { describe, expect, test } from "bun:test";
import { SIGNAL_WEIGHT } from "../../../../src/events/model.ts";
import { sessionIndex } from "../../../../src/models/sessions.ts";
import { numberModel } from "../../../../src/recommend/catalogue/hits.ts";
import { UserChannel } from "../../../../src/recommend/catalogue/user-channel.ts";
import { logOf } from "../../models/logs.ts";

const log = logOf("a b c|a b c|a d e|x y");
const run = {
  runId: "20260101_023000",
  strategy: "ease_rules_blend",
  itemIds: log.itemIds,
  lists: {},
  sessions: sessionIndex(log, "vsknn"),
  weights: {},
  sessionWeights: { session_knn: 1 },
  profileHalfLife: 5,
  signalWeights: SIGNAL_WEIGHT,
};
const taken = (...itemIds: string[]) => itemIds.map((itemId, place) => ({ itemId, weight: 1, tsMs: place }));

describe("the user-to-user channel", () => {
  test("finds what was taken with what the user did lately, the likest sessions' items first", () => {
    const hits = new UserChannel().hits(numberModel(run), taken("never heard of", "a", "b"));
    const others = [...hits].filter(([itemId]) => !["a", "b"].includes(itemId)).sort((x, y) => y[1] - x[1]);
    expect(others[0]?.[0]).toBe("c");
    expect(new Set(others.map(([itemId]) => itemId))).toEqual(new Set(["c", "d", "e"]));
  });

  test("keeps nothing from one user to the next", () => {
    const channel = new UserChannel();
    const first = channel.hits(numberModel(run), taken("a"));
    expect(new Set(channel.hits(numberModel(run), taken("x")).keys())).toEqual(new Set(["x", "y"]));
    expect(channel.hits(numberModel(run), taken("a"))).toEqual(first);
  });

  test("finds nothing for nobody, for strangers, and in a run without sessions", () => {
    const channel = new UserChannel();
    expect(channel.hits(numberModel(run), []).size).toBe(0);
    expect(channel.hits(numberModel(run), taken("never heard of")).size).toBe(0);
    expect(channel.hits(numberModel({ ...run, sessions: null }), taken("a")).size).toBe(0);
  });
});
