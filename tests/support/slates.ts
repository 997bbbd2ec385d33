/** Slates and features for tests. */

import type { RecoSource } from "../../src/recommend/ranked-list.ts";
import type { SlateFeatures } from "../../src/recommend/slates/features.ts";
import type { NewSlate, ServedSlate, SlateBatch, SlateItem } from "../../src/recommend/slates/slate.ts";
import { writeFeatures } from "../../src/recommend/slates/written-features.ts";
import { writeItems } from "../../src/recommend/slates/written-items.ts";

export interface NamedSlate extends ServedSlate, Pick<NewSlate, "featuresId"> {}

export interface NamedFeatures {
  readonly id: string;
  readonly servedAtMs: number;
  readonly features: SlateFeatures;
}

/** As they reach a store. */
export const written = ({
  slates,
  features = [],
}: {
  readonly slates: readonly NamedSlate[];
  readonly features?: readonly NamedFeatures[];
}): SlateBatch => ({
  slates: slates.map(({ items, ...slate }) => ({ ...slate, items: writtenItems(items) })),
  features: features.map(({ features: each, ...named }) => ({ ...named, written: writeFeatures(each) })),
});

/** Their sources may stand in any order that is the same in each of them. */
function writtenItems(items: readonly SlateItem[]): string {
  const sources = [...new Set(items.flatMap((item) => item.sources.map(({ name }) => name)))];
  const given = (own: readonly RecoSource[]) =>
    sources.map((source) => own.find(({ name }) => name === source)?.score ?? 0);
  const list = {
    itemIds: items.map(({ itemId }) => itemId),
    scores: Float64Array.from(items, ({ score }) => score),
    sources,
    sourceScores: Float64Array.from(items.flatMap((item) => given(item.sources))),
  };
  return writeItems(list, {
    propensities: Float64Array.from(items, ({ propensity }) => propensity),
    drawn: items.flatMap(({ isExplored }, place) => (isExplored ? [place] : [])),
  });
}

export const aSlate = (over: Partial<NamedSlate> = {}): NamedSlate => ({
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
