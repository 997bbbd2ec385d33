import { describe, expect, test } from "bun:test";
import { Deadline } from "../../../../src/core/deadline.ts";
import { collectSlates } from "../../../../src/evaluation/ope/collect.ts";
import { SIGNAL_WEIGHT } from "../../../../src/events/model.ts";
import type { StoredFeatures } from "../../../../src/recommend/slates/slate.ts";
import type { TrainedModel } from "../../../../src/recommend/trained-model.ts";
import { fakeSlateLog, type LoggedWatch } from "../../../support/fakes/slate-log.ts";
import { aSlate, type NamedSlate, someFeatures } from "../../../support/slates.ts";

/** Ranks by popularity alone: b, ä, c by the features of `someFeatures`. */
const model: TrainedModel = {
  runId: "20260101_023000",
  strategy: "knn_rules_blend",
  itemIds: [],
  lists: {},
  sessions: null,
  weights: { decayed_popularity: 1 },
  sessionWeights: { decayed_popularity: 1 },
  profileHalfLife: 5,
  signalWeights: SIGNAL_WEIGHT,
};
const NOON_MS = Date.UTC(2026, 0, 15, 12);

const watchOf = (itemId: string, watchTimeSec: number): LoggedWatch => ({
  requestId: "request-1",
  itemId,
  tsMs: NOON_MS,
  watchTimeSec,
  percentWatched: null,
});

const collect = (
  over: Partial<NamedSlate> = {},
  features: StoredFeatures = someFeatures(),
  watches: LoggedWatch[] = [],
) => {
  const { featuresId: _, ...slate } = aSlate({
    servedAtMs: NOON_MS,
    wishes: { exclude: [], filter: null, boost: null },
    ...over,
  });
  const log = fakeSlateLog([{ slate, features }], watches);
  return collectSlates(log, model, { fromMs: NOON_MS, toMs: NOON_MS + 1 }, Deadline.after(10_000));
};

describe("collecting served slates", () => {
  test("tells what was shown, and what the run would have shown", async () => {
    expect(await collect()).toEqual({
      ok: true,
      value: {
        leftOut: 0,
        slates: [
          {
            userId: "u-1",
            shown: [
              { itemId: "ä", propensity: 1, clicked: false, watchSec: 0 },
              { itemId: "b", propensity: 0.95, clicked: false, watchSec: 0 },
            ],
            target: ["b", "ä"],
          },
        ],
      },
    });
  });

  test("a watch of half a minute is a click, and watches of an item add up", async () => {
    const collected = await collect({}, someFeatures(), [
      watchOf("ä", 20),
      watchOf("ä", 31),
      watchOf("b", 5),
      watchOf("c", 400),
    ]);
    if (!collected.ok) throw new Error(collected.error);
    expect(collected.value.slates[0]?.shown).toMatchObject([
      { itemId: "ä", clicked: true, watchSec: 51 },
      { itemId: "b", clicked: false, watchSec: 5 },
    ]);
  });

  test("the run's own slate is the one without exploration", async () => {
    const exploration = { epsilon: 1, fromPosition: 1, poolSize: 1 };
    const spread = {
      maxPerAuthor: 0,
      maxPerCategory: 0,
      freshnessQuota: 0,
      freshDays: 30,
      diversityLambda: 1,
    };
    const refined = {
      filter: null,
      boost: null,
      spread,
      exploration,
      judged: 3,
      length: 2,
      fresh: [],
      cards: [],
      user: null,
      nowMs: 0,
    };
    const collected = await collect({ seed: "0".repeat(64) }, someFeatures({ refined }));
    if (!collected.ok) throw new Error(collected.error);
    expect(collected.value.slates[0]?.target).toEqual(["b", "ä"]);
  });

  test.each<[string, Partial<NamedSlate>, StoredFeatures]>([
    ["degraded", { degraded: "timeout:popular" }, someFeatures()],
    ["without features", {}, "missing"],
    ["with features that were too large", {}, "truncated"],
  ])("a slate %s is left out, and counted", async (_, over, features) => {
    expect(await collect(over, features)).toEqual({ ok: true, value: { slates: [], leftOut: 1 } });
  });

  test("an empty slate says nothing, and is not counted either", async () => {
    expect(await collect({ items: [] })).toEqual({ ok: true, value: { slates: [], leftOut: 0 } });
  });

  test("refuses slates that lack propensities", async () => {
    const items = aSlate().items.map((item) => ({ ...item, propensity: undefined as unknown as number }));
    expect(await collect({ items })).toEqual({ ok: false, error: "1 slates lack propensities" });
  });

  test("a guest is known by the session", async () => {
    const collected = await collect({ userId: "" });
    if (!collected.ok) throw new Error(collected.error);
    expect(collected.value.slates[0]?.userId).toBe("s-1");
  });
});
