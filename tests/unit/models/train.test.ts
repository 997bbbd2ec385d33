import { describe, expect, test } from "bun:test";
import { train } from "../../../src/models/train.ts";
import { logOf } from "./logs.ts";

/** Each of 80 users took five of fifty items in a row; in the last fifth of the time they take new ones, too. */
const STORY = Array.from({ length: 80 }, (_, user) =>
  Array.from({ length: 5 }, (_, n) => (user >= 64 ? `new-${(user + n) % 10}` : `i-${(user + n) % 50}`)).join(
    " ",
  ),
).join("|");
const options = { runId: "20260101_023000", texts: new Map(), halfLifeHours: 8_760, onStage() {} };

describe("training", () => {
  test.each([10, 55, 60])(
    "with room for %d rows the model counts on no EASE that it lacks",
    (easeMaxRows) => {
      const { model, settings, easeForm, ials } = train(logOf(STORY), { ...options, easeMaxRows });
      const has = model.lists.ease !== undefined;
      expect([easeForm !== null, settings.lambda !== null]).toEqual([has, has]);
      if (!has) expect([model.weights.ease ?? 0, model.sessionWeights.ease ?? 0]).toEqual([0, 0]);
      const factors = model.factors !== undefined;
      expect([factors, settings.ials !== null, ials !== null]).toEqual([!has, !has, !has]);
    },
  );

  test("a log too short to choose anything leaves the weight of an absent EASE to iALS", () => {
    const { model, settings } = train(logOf("a b c|a b d|b c d|a c"), { ...options, easeMaxRows: 1 });
    expect([settings.lambda, model.strategy]).toEqual([null, "ials_rules_blend"]);
    expect([model.weights, model.sessionWeights]).toEqual([
      { sequential_rules: 0.3, ials: 0.6, decayed_popularity: 0.1 },
      { sequential_rules: 0.3, ials: 0.2, session_knn: 0.4, decayed_popularity: 0.1 },
    ]);
  });
});
