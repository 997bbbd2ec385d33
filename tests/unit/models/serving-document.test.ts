import { expect, test } from "bun:test";
import { DEFAULT_SETTINGS } from "../../../src/models/learn.ts";
import { shortened } from "../../../src/models/ranking-document.ts";
import { readServingRules } from "../../../src/models/serving-document.ts";
import { NO_EXPLORATION } from "../../../src/recommend/exploration.ts";
import { PLAIN_RULES, type ServingRules } from "../../../src/recommend/serving-rules.ts";

const DEFAULT_DAYS = 30;
const withoutSurfaces = (rules: ServingRules) => ({ rules, surfaces: new Map() });
const spread = { ...PLAIN_RULES.spread, freshDays: DEFAULT_DAYS };

test("what a document does not name is off", () => {
  expect(readServingRules(undefined)).toEqual({ ok: true, value: withoutSurfaces(PLAIN_RULES) });
  expect(readServingRules({ strategy: "ease_rules_blend", uplift: {} })).toEqual({
    ok: true,
    value: withoutSurfaces({ ...PLAIN_RULES, spread }),
  });
});

test("everything can be set", () => {
  const serving = {
    diversity: { lambda: 0.7 },
    max_per_author: 2,
    max_per_category: 4,
    freshness_quota: 0.1,
    freshness_days: 14,
    exploration: { epsilon: 0.1, from_position: 1, pool_size: 50 },
    replay_seen: { half_life_hours: 24 },
  };
  const rules = {
    spread: { diversityLambda: 0.7, maxPerAuthor: 2, maxPerCategory: 4, freshnessQuota: 0.1, freshDays: 14 },
    exploration: { epsilon: 0.1, fromPosition: 1, poolSize: 50 },
    replaySeen: { halfLifeMs: 86_400_000 },
  };
  expect(readServingRules(serving)).toEqual({ ok: true, value: withoutSurfaces(rules) });
});

test("members left out of diversity, exploration and replay_seen have the documented defaults", () => {
  expect(readServingRules({ diversity: {}, exploration: {}, replay_seen: {} })).toEqual({
    ok: true,
    value: withoutSurfaces({
      spread: { ...spread, diversityLambda: 0.85 },
      exploration: { epsilon: 0.05, fromPosition: 3, poolSize: 200 },
      replaySeen: { halfLifeMs: 7 * 86_400_000 },
    }),
  });
});

test("a surface has what it names, and the rest of the others' rules", () => {
  const read = readServingRules({
    diversity: { lambda: 0.7 },
    max_per_author: 2,
    exploration: {},
    surfaces: { home: { max_per_author: 1, exploration: null }, "item:below": { diversity: null } },
  });
  if (!read.ok) throw new Error(read.error);
  const { rules, surfaces } = read.value;
  expect([...surfaces]).toEqual([
    [
      "home",
      { rules: { ...rules, spread: { ...rules.spread, maxPerAuthor: 1 }, exploration: NO_EXPLORATION } },
    ],
    ["item:below", { rules: { ...rules, spread: { ...rules.spread, diversityLambda: 1 } } }],
  ]);
});

test("ranking is the run's own but for what the document says", () => {
  const rankingOf = (serving: object) => {
    const read = readServingRules(serving);
    if (!read.ok) throw new Error(read.error);
    return read.value.ranking;
  };
  expect(
    rankingOf({ betas: { sr: 0.5, ease: 0.4 }, session_betas: { vsknn: 1, decayed_popularity: 0 } }),
  ).toEqual({
    weights: { sequential_rules: 0.5, ease: 0.4 },
    sessionWeights: { session_knn: 1, decayed_popularity: 0 },
  });
  expect(rankingOf({ profile_half_life: 3 })).toEqual({ objectives: [{ weight: 1, halfLife: 3 }] });
  expect(rankingOf({ signal_weights: { purchase: 30 } })).toEqual({
    objectives: [{ weight: 1, signalWeights: { view: 1, click: 3, purchase: 30 } }],
  });
  expect(
    rankingOf({
      profile_half_life: 3,
      objectives: [{ name: "sell", weight: 2, profile_half_life: 9 }, { signal_weights: { purchase: 1 } }],
    }),
  ).toEqual({
    objectives: [
      { weight: 2, halfLife: 9 },
      { weight: 1, halfLife: 3, signalWeights: { view: 1, click: 3, purchase: 1 } },
    ],
  });
  expect(rankingOf({ betas: null, objectives: null, profile_half_life: null })).toBeUndefined();
});

test("a surface may rank in its own way", () => {
  const read = readServingRules({
    betas: { sr: 1 },
    surfaces: { home: { betas: { decayed_popularity: 1 } }, rail: { betas: null } },
  });
  if (!read.ok) throw new Error(read.error);
  expect([...read.value.surfaces].map(([name, { ranking }]) => [name, ranking])).toEqual([
    ["home", { weights: { decayed_popularity: 1 } }],
    ["rail", undefined],
  ]);
});

test("what training writes says what the run learned", () => {
  const weights = { ...DEFAULT_SETTINGS.weights, session_knn: 0.3 };
  expect(readServingRules({ betas: shortened(weights) })).toMatchObject({
    ok: true,
    value: { ranking: { weights } },
  });
});

test.each([
  [[], "serving must be an object"],
  [{ diversity: 0.8 }, "serving.diversity must be an object"],
  [{ diversity: { lambda: 1.1 } }, "serving.diversity.lambda must be a number from 0 to 1"],
  [{ diversity: { lamda: 1 } }, "serving.diversity has no member lamda"],
  [{ max_per_author: -1 }, "serving.max_per_author must be a whole number from 0"],
  [{ max_per_category: 1.5 }, "serving.max_per_category must be a whole number from 0"],
  [{ freshness_quota: "half" }, "serving.freshness_quota must be a number from 0 to 1"],
  [{ freshness_days: 0 }, "serving.freshness_days must be a whole number from 1 to 36500"],
  [{ exploration: { epsilon: Number.NaN } }, "serving.exploration.epsilon must be a number from 0 to 1"],
  [{ exploration: { from_position: -1 } }, "serving.exploration.from_position must be a whole number from 0"],
  [
    { exploration: { pool_size: 1_001 } },
    "serving.exploration.pool_size must be a whole number from 1 to 1000",
  ],
  [
    { replay_seen: { half_life_hours: 0 } },
    "serving.replay_seen.half_life_hours must be a whole number from 1 to 876000",
  ],
  [{ replay_seen: { decay: 1 } }, "serving.replay_seen has no member decay"],
  [{ surfaces: [] }, "serving.surfaces must be an object"],
  [{ surfaces: { home: 1 } }, "serving.surfaces.home must be an object"],
  [{ surfaces: { "the home": {} } }, "serving.surfaces.the home is no name of a surface"],
  [{ surfaces: { home: { strategy: "x" } } }, "serving.surfaces.home has no member strategy"],
  [{ surfaces: { home: { betas: {} } } }, "serving.surfaces.home.betas must have a number above 0"],
  [{ betas: { sr: 0 } }, "serving.betas must have a number above 0"],
  [{ betas: { sr: 1, gut_feeling: 1 } }, "serving.betas has no member gut_feeling"],
  [{ betas: { popularity: 1 } }, "serving.betas has no member popularity"],
  [{ session_betas: { vsknn: -1 } }, "serving.session_betas.vsknn must be a number from 0 to 1"],
  [{ profile_half_life: 0 }, "serving.profile_half_life must be a number above 0, at most 1000000"],
  [{ signal_weights: { view: 0 } }, "serving.signal_weights.view must be a number above 0, at most 1000"],
  [{ signal_weights: { like: 1 } }, "serving.signal_weights has no member like"],
  [{ objectives: [] }, "serving.objectives must be a list of 1 to 10 objects"],
  [{ objectives: [{ weight: 0 }] }, "serving.objectives.0.weight must be a number above 0, at most 1000"],
  [{ objectives: [{}, { half_life: 1 }] }, "serving.objectives.1 has no member half_life"],
  [
    { surfaces: { home: { diversity: { lambda: 2 } } } },
    "serving.surfaces.home.diversity.lambda must be a number from 0 to 1",
  ],
  [
    { surfaces: Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`s${at}`, {}])) },
    "serving.surfaces must have at most 100 members",
  ],
  [{ replay_seen: true }, "serving.replay_seen must be an object"],
])("%j is refused: %s", (serving, error) => {
  expect(readServingRules(serving)).toEqual({ ok: false, error });
});
