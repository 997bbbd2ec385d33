/** Slates and features for tests. */

import type { SlateFeatures } from "../../src/recommend/slates/features.ts";
import type { NewSlate } from "../../src/recommend/slates/slate.ts";

export const aSlate = (over: Partial<NewSlate> = {}): NewSlate => ({
  requestId: "request-1",
  servedAtMs: Date.now(),
  userId: "u-1",
  sessionId: "s-1",
  surface: "default",
  k: 2,
  policy: "builtin:stream-v1",
  modelVersion: "stream-v1",
  variant: "primary",
  degraded: null,
  strategy: "seq_rules_blend",
  seed: null,
  wishes: { exclude: ['a "quoted" \\ one', "e{,}"], filter: "item.price < 3", boost: null },
  items: [
    {
      itemId: "ä",
      score: 0.1 + 0.2,
      propensity: 1,
      sources: [{ name: "sequential_rules", score: 1 / 3 }],
      isExplored: false,
    },
    { itemId: "b", score: 5e-324, propensity: 0.95, sources: [], isExplored: true },
  ],
  featuresId: null,
  ...over,
});

export const someFeatures = (over: Partial<SlateFeatures> = {}): SlateFeatures => ({
  candidates: {
    ranking: "blend",
    length: 2,
    itemIds: ["ä", "b", "c"],
    columns: [
      { name: "sequential_rules", weight: 0.7, values: Float64Array.of(1 / 3, 0, 5e-324) },
      { name: "decayed_popularity", weight: 0.3, values: Float32Array.of(0.1, 0.2, 0) },
    ],
    categories: null,
  },
  viewer: { recent: ["x", "x", "y"], seen: ["y", "x"], hidden: ["h"], isGuest: false },
  refined: null,
  ...over,
});
