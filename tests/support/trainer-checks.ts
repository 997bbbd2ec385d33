/** What every way of letting models into service must keep: the real ones pass, mutants of them are caught. */

import fc from "fast-check";
import type { PromotionCase } from "../../src/actors/trainer-decide.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { seededRandom } from "../../src/core/random.ts";
import { SIGNAL_WEIGHT } from "../../src/events/model.ts";
import { itemKnn } from "../../src/models/item-knn.ts";
import { takesOf } from "../../src/models/takes.ts";
import type { RankedList } from "../../src/recommend/ranked-list.ts";
import { PLAIN_RULES } from "../../src/recommend/serving-rules.ts";
import type { ServingState } from "../../src/recommend/serving-state.ts";
import { ShadowComparison } from "../../src/recommend/shadow-comparison.ts";
import type { TrainedModel } from "../../src/recommend/trained-model.ts";
import { trainedPolicy } from "../../src/recommend/trained-policy.ts";
import { logOf } from "../unit/models/logs.ts";
import type { ManualClock } from "./manual-clock.ts";
import { serving } from "./serving.ts";

const share = fc.double({ min: 0, max: 1, noNaN: true });
const difference = fc.double({ min: -1, max: 1, noNaN: true });
const figures = fc
  .record({ ndcg: share, diff: difference, below: share, above: share })
  .map(({ ndcg, diff, below, above }) => ({
    opponent: "stream-v1",
    questions: 1_000,
    users: 100,
    ndcg_at_10: ndcg,
    opponent_ndcg_at_10: ndcg - diff,
    diff,
    ci_low: diff - below,
    ci_high: diff + above,
  }));

const cases: fc.Arbitrary<PromotionCase> = fc.record({
  figures: fc.option(figures, { nil: null }),
  autoPromote: fc.boolean(),
  environmentClass: fc.constantFrom("development", "production", "other"),
  requestsLastHour: fc.integer({ min: 0, max: 1_000 }),
  hasServingChanged: fc.boolean(),
});

/** Throws when a run may take over that is not better beyond chance, or that only a canary may judge. */
export function checkPromotions(whyKept: (promotion: PromotionCase) => string | null): void {
  fc.assert(
    fc.property(cases, (promotion) => {
      const {
        figures: found,
        autoPromote,
        environmentClass,
        requestsLastHour,
        hasServingChanged,
      } = promotion;
      const isBetter = found !== null && found.ci_low > 0;
      const needsCanary = environmentClass !== "development" || requestsLastHour >= 500;
      const mayTakeOver = isBetter && autoPromote && !needsCanary && !hasServingChanged;
      return (whyKept(promotion) === null) === mayTakeOver;
    }),
    { numRuns: 2_000 },
  );
}

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

/**
 * Throws when what a compared shadow says gets into an answer, or takes the place of what is kept for answers. `apart` is the
 * state that comparisons go by.
 */
export async function checkShadowApart(
  apart: (state: ServingState, clock: ManualClock) => ServingState,
): Promise<void> {
  const { state, clock, recommender, ask } = serving({
    contents: {
      recent: new Map([["u1", { itemIds: ["a"], tsMs: [1_000] }]]),
      decayed: ["t", "x", "z"].map((itemId, place) => ({ itemId, score: 10 - place, category: null })),
    },
    settings: { policy: "stream-v1", rankedListTtlMs: 20_000 },
  });
  const primary = model("20260101_000000", { item_knn: 0.9, decayed_popularity: 0.1 });
  const shadow = model("20260102_000000", { item_knn: 0.1, decayed_popularity: 0.9 });
  recommender.install({
    primary: { slot: "default", run: { model: primary, rules: PLAIN_RULES, surfaces: new Map() } },
    shadow: null,
  });
  const wanted = (await ask("reco")).ids;
  state.rankedLists.clear();
  const policyOf = (one: TrainedModel, variant: "primary" | "shadow") =>
    trainedPolicy(
      apart(state, clock),
      clock,
      { model: one, rules: PLAIN_RULES, surfaces: new Map() },
      { name: one.runId, variant },
    );
  using comparison = new ShadowComparison({
    clock,
    random: seededRandom(1),
    sampleRate: 1,
    isBusy: () => false,
    onCompared() {},
  });
  comparison.begin({ primary: policyOf(primary, "primary"), shadow: policyOf(shadow, "shadow") });
  let kept: RankedList | null = null;
  for (let round = 0; round < 4; round++) {
    comparison.offer({ userId: "u1", sessionId: null, k: 50, exclude: new Set() });
    await clock.advance(1_000);
    const call = recommender.reco(
      { userId: "u1", sessionId: null, k: 50, exclude: new Set() },
      Deadline.after(250, clock),
    );
    await clock.advance(250);
    const { list } = await call;
    if (String(list.itemIds) !== String(wanted)) throw new Error(`${list.itemIds} instead of ${wanted}`);
    kept ??= list;
    if (list !== kept) throw new Error("a kept list is gone");
  }
}
