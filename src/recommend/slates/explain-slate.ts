/** Tells where each item of a slate came from and what made its score, in the words of the API. */

import { columnOf, shareOf } from "../blend-columns.ts";
import type { RankedList, RecoSource, SourceName } from "../ranked-list.ts";
import type { CandidateFeatures, SlateFeatures } from "./features.ts";
import { type Recomputed, recompute } from "./recompute.ts";
import { rerank } from "./rerank.ts";
import type { ServedSlate, StoredSlate } from "./slate.ts";

/** One part of a score. All parts of an item add up to its score. */
export interface Contribution {
  /**
   * A source or feature; `boost`; `replay_seen` where an item that was seen comes back; `category_repeat` where further items of
   * a category count less.
   */
  readonly name: string;
  /** What the source gave, or the feature was; of `boost`, `replay_seen` and `category_repeat` the factor. */
  readonly raw: number;
  /** Min-max over the candidates, or as it is where the policy does not normalise. */
  readonly normalised: number;
  readonly weight: number;
  readonly contribution: number;
}

export interface ExplainedItem {
  readonly item_id: string;
  readonly position: number;
  readonly score: number;
  readonly propensity: number;
  /** Exploration drew it for its place. */
  readonly explored: boolean;
  /** As the answer named them. */
  readonly sources: readonly RecoSource[];
  /** Null where the features are not there. */
  readonly contributions: readonly Contribution[] | null;
  readonly boost_factor: number | null;
  /** Place by score among those that passed the filter, the boost included, and the place that the rules gave it. */
  readonly diversity: { readonly rank: number; readonly position: number | null } | null;
}

export const shownSlate = ({ slate, features }: StoredSlate) => ({
  request_id: slate.requestId,
  served_at: new Date(slate.servedAtMs).toISOString(),
  request: {
    user_id: slate.userId,
    session_id: slate.sessionId,
    surface: slate.surface,
    k: slate.k,
    exclude: slate.wishes.exclude,
    filter: slate.wishes.filter,
    boost: slate.wishes.boost,
  },
  policy: slate.policy,
  model_version: slate.modelVersion,
  variant: slate.variant,
  strategy: slate.strategy,
  degraded: slate.degraded,
  seed: slate.seed,
  features: typeof features === "string" ? features : ("kept" as const),
  features_truncated: features === "truncated",
  items: shownItems(slate),
});

const shownItems = ({ items }: ServedSlate) =>
  items.map(({ itemId, score, propensity, isExplored, sources }, position) => ({
    item_id: itemId,
    position,
    score,
    propensity,
    explored: isExplored,
    sources,
  }));

export function explainSlate(stored: StoredSlate) {
  const { slate, features } = stored;
  const shown = shownSlate(stored);
  if (typeof features === "string") {
    const items = shown.items.map((item) => ({
      ...item,
      contributions: null,
      boost_factor: null,
      diversity: null,
    }));
    return { ...shown, profile: null, candidates: null, items: items satisfies readonly ExplainedItem[] };
  }
  const made = recompute(features, slate);
  return {
    ...shown,
    profile: profileOf(features),
    candidates: features.candidates.itemIds.length,
    items: explainItems(slate, features, made),
  };
}

const profileOf = ({ viewer: { recent, signalWeights, isGuest } }: SlateFeatures) => ({
  recent,
  signal_weights: signalWeights ?? null,
  is_guest: isGuest,
});

function explainItems(slate: ServedSlate, features: SlateFeatures, made: Recomputed): ExplainedItem[] {
  const { candidates } = features;
  const sourcesOf = contributionsIn(candidates, rerank(candidates, candidates.itemIds.length));
  const fresh = new Set(features.refined?.fresh);
  // Behind the ranked list for being new alone, with a score of 0, whatever sources say of it.
  const contributionsOf = (itemId: string) => (fresh.has(itemId) ? [] : sourcesOf(itemId));
  const factors = new Map<string, number>();
  const passed: string[] = [];
  for (const { place, factor } of made.byScore) {
    const itemId = made.ranked.itemIds[place] as string;
    factors.set(itemId, factor);
    passed.push(itemId);
  }
  const greedy = made.exploration?.greedy ?? made.list.itemIds;
  const boosts = features.refined !== null && features.refined.boost !== null;
  const shares = features.refined?.returning && new Map(features.refined.returning);
  return shownItems(slate).map((item) => {
    const share = shares?.get(item.item_id);
    const whole = factors.get(item.item_id) ?? 1;
    // An item that was just taken has nothing for a boost to raise.
    const factor = share === undefined ? whole : share > 0 ? whole / share : 1;
    let contributions = contributionsOf(item.item_id);
    if (boosts) contributions = withFactor(contributions, "boost", factor);
    if (share !== undefined) contributions = withFactor(contributions, "replay_seen", share);
    const greedyPlace = greedy.indexOf(item.item_id);
    return {
      ...item,
      contributions,
      boost_factor: boosts ? factor : null,
      diversity:
        features.refined === null
          ? null
          : { rank: passed.indexOf(item.item_id), position: greedyPlace === -1 ? null : greedyPlace },
    };
  });
}

const sumOf = (parts: readonly Contribution[]) =>
  parts.reduce((sum, { contribution }) => sum + contribution, 0);

/** What a factor adds to the score before it, or takes from it. */
const withFactor = (
  parts: readonly Contribution[],
  name: string,
  factor: number,
): readonly Contribution[] => [
  ...parts,
  { name, raw: factor, normalised: factor, weight: 1, contribution: sumOf(parts) * (factor - 1) },
];

function contributionsIn(candidates: CandidateFeatures, whole: RankedList) {
  const { itemIds, columns, ranking } = candidates;
  const rows = new Map(itemIds.map((itemId, row) => [itemId, row]));
  const places = Int32Array.from(itemIds, (_, row) => row);
  const spread = columns.map(({ name, weight, values }) =>
    columnOf(name as SourceName, weight, values, places),
  );
  const scores = new Map(whole.itemIds.map((itemId, place) => [itemId, whole.scores[place] as number]));
  return (itemId: string): readonly Contribution[] => {
    const row = rows.get(itemId);
    if (row === undefined) return [];
    const parts = spread.map((column): Contribution => {
      const { name, weight, least, most } = column;
      const raw = column.values[row] as number;
      if (ranking !== "blend") return { name, raw, normalised: raw, weight, contribution: weight * raw };
      const normalised = most > least ? (raw - least) / (most - least) : 0;
      return { name, raw, normalised, weight, contribution: shareOf(column, row) };
    });
    if (ranking !== "cold_start") return parts;
    const [score = 0, before] = [scores.get(itemId), sumOf(parts)];
    const factor = before > 0 ? score / before : 1;
    const repeat = { name: "category_repeat", raw: factor, normalised: factor, weight: 1 };
    return [...parts, { ...repeat, contribution: score - before }];
  };
}
