/** A shadow is compared with what serves beside the answers, and never in them. */

import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../../src/core/random.ts";
import { SIGNAL_WEIGHT } from "../../../src/events/model.ts";
import { itemKnn } from "../../../src/models/item-knn.ts";
import { takesOf } from "../../../src/models/takes.ts";
import { PLAIN_RULES } from "../../../src/recommend/serving-rules.ts";
import { ShadowComparison } from "../../../src/recommend/shadow-comparison.ts";
import { shadowReport } from "../../../src/recommend/shadow-report.ts";
import type { TrainedModel } from "../../../src/recommend/trained-model.ts";
import { serving } from "../../support/serving.ts";
import { logOf } from "../models/logs.ts";

const log = logOf("a x|a x|a y|b z|b z");
const model = (runId: string, weights: TrainedModel["weights"]): TrainedModel => ({
  runId,
  strategy: "knn_rules_blend",
  itemIds: log.itemIds,
  lists: { item_knn: itemKnn(takesOf(log)) },
  sessions: null,
  weights,
  sessionWeights: weights,
  profileHalfLife: 5,
  signalWeights: SIGNAL_WEIGHT,
});
const primary = model("20260101_000000", { item_knn: 0.9, decayed_popularity: 0.1 });
const other = model("20260102_000000", { item_knn: 0.1, decayed_popularity: 0.9 });
/** Breaks whatever reads it. */
const broken: TrainedModel = {
  ...other,
  get lists(): never {
    throw new Error("a broken shadow");
  },
};

function setUp({
  sampleRate = 1,
  isBusy = () => false,
}: {
  sampleRate?: number;
  isBusy?: () => boolean;
} = {}) {
  const compared: number[] = [];
  let comparison: ShadowComparison | null = null;
  const served = serving({
    contents: {
      recent: new Map([["u1", { itemIds: ["a"], tsMs: [1_000] }]]),
      decayed: ["t", "x", "z"].map((itemId, place) => ({ itemId, score: 10 - place, category: null })),
    },
    settings: { policy: "stream-v1", rankedListTtlMs: 20_000 },
    comparison: (clock) => {
      comparison = new ShadowComparison({
        clock,
        random: seededRandom(1),
        sampleRate,
        isBusy,
        onCompared: (overlap) => void compared.push(overlap),
      });
      return comparison;
    },
  });
  const load = (shadow: TrainedModel | null, rollout = 0) =>
    served.recommender.install({
      primary: { slot: "default", run: { model: primary, rules: PLAIN_RULES, surfaces: new Map() } },
      shadow: shadow && { rollout, run: { model: shadow, rules: PLAIN_RULES, surfaces: new Map() } },
    });
  const samples = () => (comparison as ShadowComparison | null)?.samples?.set();
  /** Lets rests pass, too. */
  const askOften = async (times: number) => {
    const answers = [];
    for (let call = 0; call < times; call++) {
      const { list, label, modelVersion, strategy, degraded } = await served.ask("reco");
      answers.push({ list, label, modelVersion, strategy, degraded });
    }
    return answers;
  };
  const forget = () => (comparison as ShadowComparison | null)?.forget();
  return { ...served, load, samples, askOften, compared, forget };
}

describe("a loaded shadow", () => {
  test.each([
    ["sound", other],
    ["broken", broken],
  ])("F59: that is %s changes no answer", async (_, shadow) => {
    const without = setUp();
    without.load(null);
    const beside = setUp();
    beside.load(shadow);
    expect(await beside.askOften(5)).toEqual(await without.askOften(5));
  });

  test("is compared on each sampled request, once the answer is out", async () => {
    const { load, askOften, samples, compared } = setUp();
    load(other);
    await askOften(3);
    const set = samples();
    expect(set).toMatchObject({
      primary: "default:20260101_000000",
      shadow: "shadow:20260102_000000",
      errors: 0,
      shed: 0,
    });
    expect(set?.samples).toHaveLength(3);
    expect(compared).toEqual([1, 1, 1]);
    const report = shadowReport(set ? [set] : []);
    expect(report).toMatchObject({ sample_size: 3, overlap_at_k: 1 });
    expect(report.rank_correlation).toBeLessThan(1);
    expect(report.score_psi).toBeGreaterThan(0);
  });

  test("leaves nothing in the lists that are kept for users", async () => {
    const { load, ask, askOften } = setUp();
    load(other);
    const [first, ...later] = await askOften(3);
    expect(later.every(({ list }) => list === first?.list)).toBe(true);
    expect((await ask("reco")).ids[0]).toBe(first?.list.itemIds[0] as string);
  });

  test("counts what it could not do", async () => {
    const { load, askOften, samples } = setUp();
    load(broken);
    await askOften(3);
    expect(samples()).toMatchObject({ errors: 3, samples: [] });
  });

  test("is the first to be left out while requests need the time", async () => {
    let isBusy = true;
    const { load, askOften, samples } = setUp({ isBusy: () => isBusy });
    load(other);
    await askOften(4);
    expect(samples()).toMatchObject({ shed: 4, samples: [] });
    isBusy = false;
    await askOften(1);
    expect(samples()?.samples).toHaveLength(1);
  });

  test("is compared on the share that was asked for", async () => {
    const { load, askOften, samples } = setUp({ sampleRate: 0.3 });
    load(other);
    await askOften(100);
    expect(samples()?.samples.length).toBeWithin(15, 46);
    const never = setUp({ sampleRate: 0 });
    never.load(other);
    await never.askOften(20);
    expect(never.samples()?.samples).toEqual([]);
  });

  test("forgets what it found of requests that nobody made", async () => {
    const { load, askOften, samples, forget } = setUp();
    load(other);
    await askOften(2);
    forget();
    expect(samples()).toMatchObject({ shadow: "shadow:20260102_000000", samples: [], shed: 0 });
    await askOften(1);
    expect(samples()?.samples).toHaveLength(1);
  });

  test("keeps its findings while both policies stay, and begins anew with others", async () => {
    const { load, askOften, samples } = setUp();
    load(other);
    await askOften(2);
    load(other, 0.0001);
    expect(samples()?.samples).toHaveLength(2);
    load(model("20260103_000000", { decayed_popularity: 1 }));
    expect(samples()?.samples).toEqual([]);
    load(null);
    expect(samples()).toBeUndefined();
  });
});
