/** A recommender over a store in memory and a clock that the test moves. */

import { Breaker, dependencyBreaker } from "../../src/core/breaker.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { seededRandom } from "../../src/core/random.ts";
import { createRecommender } from "../../src/recommend/engine.ts";
import { guardReader } from "../../src/recommend/guarded-reader.ts";
import type { PopularSnapshots, ScoredItem, ServingObserver } from "../../src/recommend/ports.ts";
import { explain } from "../../src/recommend/ranked-list.ts";
import type { RankingRules } from "../../src/recommend/ranking-rules.ts";
import type { RecoAnswer, RecoRequest } from "../../src/recommend/recommender.ts";
import { PLAIN_RULES, type ServingRules } from "../../src/recommend/serving-rules.ts";
import type { ServingSettings } from "../../src/recommend/serving-settings.ts";
import { ServingState } from "../../src/recommend/serving-state.ts";
import type { ShadowComparison } from "../../src/recommend/shadow-comparison.ts";
import type { TrainedModel } from "../../src/recommend/trained-model.ts";
import type { TrendingKeeperOptions } from "../../src/recommend/trending-keeper.ts";
import { type FakeStore, fakeReader } from "./fake-feature-reader.ts";
import { type ManualClock, manualClock } from "./manual-clock.ts";
import { servingSettings } from "./serving-settings.ts";

export const DEADLINE_MS = 250;

export function serving(options: {
  contents: Partial<FakeStore>;
  snapshot?: ScoredItem[];
  settings?: Partial<ServingSettings>;
  model?: TrainedModel;
  /** Of the policy document. */
  rules?: Partial<ServingRules>;
  ranking?: RankingRules;
  trending?: TrendingKeeperOptions["read"];
  surfaces?: Readonly<Record<string, Partial<ServingRules> & { ranking?: RankingRules }>>;
  comparison?: (clock: ManualClock) => ShadowComparison;
}) {
  const clock = manualClock();
  const fake = fakeReader(clock, options.contents);
  const late: string[] = [];
  const failed: string[] = [];
  const observer: ServingObserver = {
    late: (endpoint, operation) => void late.push(`${endpoint} ${operation}`),
    recalled: () => {},
    failed: (what, error) => void failed.push(`${what}: ${error.message}`),
  };
  const snapshots: PopularSnapshots = { load: async () => options.snapshot ?? null, save: async () => {} };
  const settings = servingSettings({ readTimeoutMs: DEADLINE_MS, ...options.settings });
  const breaker = new Breaker({ settings: dependencyBreaker(100), clock, random: seededRandom(1) });
  const reader = guardReader(fake.reader, breaker);
  const readTrending = options.trending;
  const state = new ServingState({
    reader,
    snapshots,
    settings,
    clock,
    observer,
    ...(readTrending && { readTrending }),
  });
  const comparison = options.comparison?.(clock) ?? null;
  const recommender = createRecommender({ state, clock, observer, comparison });
  if (options.model) {
    const rulesOf = (rules: Partial<ServingRules> = {}) => ({ ...PLAIN_RULES, ...rules });
    const own = Object.entries(options.surfaces ?? {}).map(
      ([name, { ranking = {}, ...each }]) => [name, { rules: rulesOf(each), ranking }] as const,
    );
    const { model, rules, ranking = {} } = options;
    const run = { model, rules: rulesOf(rules), ranking, surfaces: new Map(own) };
    recommender.install({ primary: { slot: "default", run }, shadow: null });
  }
  /** Makes the call, lets its whole budget pass, and answers with the time it took. */
  const ask = async (
    route: "reco" | "recommend",
    request: Partial<RecoRequest> = {},
    budgetMs = DEADLINE_MS,
    endpoint?: "recommend",
  ) => {
    const startedMs = clock.monotonicMs();
    let done: { answer: RecoAnswer; tookMs: number } | undefined;
    const call = recommender[route](
      { userId: "u1", sessionId: null, k: 10, exclude: new Set(), ...request },
      Deadline.after(budgetMs, clock),
      endpoint,
    );
    void Promise.resolve(call).then((answer) => {
      done = { answer, tookMs: clock.monotonicMs() - startedMs };
    });
    await clock.advance(budgetMs);
    if (!done) throw new Error("no answer inside the deadline");
    return {
      ...done.answer,
      items: explain(done.answer.list),
      ids: done.answer.list.itemIds,
      tookMs: done.tookMs,
    };
  };
  const warmUp = (budgetMs = 1_000) => {
    const warm = state.warmUp(Deadline.after(budgetMs, clock));
    return clock.advance(budgetMs).then(() => warm);
  };
  return { ...fake, clock, state, recommender, ask, warmUp, late, failed };
}
