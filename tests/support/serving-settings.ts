/** Settings of a serving state, for tests. */

import type { ServingSettings } from "../../src/recommend/serving-settings.ts";

export const servingSettings = (overrides: Partial<ServingSettings> = {}): ServingSettings => ({
  policy: "rules-v1",
  cacheEnabled: true,
  maxKeys: 3_000,
  historyTtlMs: 20_000,
  relatedTtlMs: 30_000,
  popularityTtlMs: 5_000,
  seenMax: 1_000,
  rankedListTtlMs: 20_000,
  readTimeoutMs: 250,
  ...overrides,
});
