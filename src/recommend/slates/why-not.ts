/** Tells why an item is not in a slate: exactly one verdict, with what shows it. */

import { unknownCard } from "../catalog-cards.ts";
import type { RefinedFeatures, SlateFeatures } from "./features.ts";
import { cardsOf, type Recomputed, recompute } from "./recompute.ts";
import { rerank } from "./rerank.ts";
import type { ItemStanding, ServedSlate, StoredSlate } from "./slate.ts";

export type WhyNot =
  | {
      readonly verdict: "shown";
      readonly position: number;
      readonly score: number;
      readonly propensity: number;
    }
  | { readonly verdict: "excluded" }
  | { readonly verdict: "hidden"; readonly by: "user" | "catalogue" }
  | { readonly verdict: "seen"; readonly interactions_ago: number | null }
  | { readonly verdict: "unknown_item" }
  | { readonly verdict: "not_retrieved"; readonly sources: readonly SourceReach[] }
  | {
      readonly verdict: "filtered";
      readonly expression: string;
      /** What the expression looks at; null where the catalogue could not be read. */
      readonly item: object | null;
      readonly user: object | null;
    }
  | (Ranked & { readonly verdict: "outranked" })
  | {
      readonly verdict: "capped";
      readonly cap: "max_per_author" | "max_per_category";
      readonly value: string;
      readonly limit: number;
      /** Shown items with this value. */
      readonly count: number;
    }
  | (Ranked & { readonly verdict: "replaced_by_diversity" })
  | { readonly verdict: "replaced_by_exploration"; readonly position: number; readonly by: string };

/** How far a source looked. */
interface SourceReach {
  readonly name: string;
  /** Null: behind all of the source's candidates. */
  readonly best_rank: number | null;
  readonly candidates: number;
}

interface Ranked {
  readonly score: number;
  /** From 0, among those that passed the filter. */
  readonly rank: number;
  readonly last_shown_score: number | null;
}

/** Null where the features that would tell are not there. */
export function whyNot(
  { slate, features }: StoredSlate,
  itemId: string,
  { isKnown, isHidden }: ItemStanding,
): WhyNot | null {
  const position = slate.items.findIndex((item) => item.itemId === itemId);
  const shown = slate.items[position];
  if (shown) return { verdict: "shown", position, score: shown.score, propensity: shown.propensity };
  if (slate.wishes.exclude.includes(itemId)) return { verdict: "excluded" };
  if (typeof features === "string") return null;
  const { viewer, candidates } = features;
  if (viewer.hidden.includes(itemId)) return { verdict: "hidden", by: "user" };
  if (viewer.seen.includes(itemId) && !features.refined?.returning) {
    const ago = viewer.recent.indexOf(itemId);
    return { verdict: "seen", interactions_ago: ago === -1 ? null : ago };
  }
  if (candidates.itemIds.includes(itemId) || features.refined?.fresh.includes(itemId))
    return amongCandidates(slate, features, itemId);
  if (isHidden) return { verdict: "hidden", by: "catalogue" };
  return isKnown ? { verdict: "not_retrieved", sources: reachOf(features) } : { verdict: "unknown_item" };
}

const reachOf = ({ candidates: { columns } }: SlateFeatures): readonly SourceReach[] =>
  columns.map(({ name, values }) => ({
    name,
    best_rank: null,
    candidates: Array.from(values).filter((value) => value > 0).length,
  }));

function amongCandidates(slate: ServedSlate, features: SlateFeatures, itemId: string): WhyNot {
  const { candidates, refined } = features;
  const made = recompute(features, slate);
  const whole = rerank(candidates, candidates.itemIds.length);
  const place = whole.itemIds.indexOf(itemId);
  const outranked = (rank: number, score: number): WhyNot => ({
    verdict: "outranked",
    ...standing(slate, rank, score),
  });
  const placeInList = made.ranked.itemIds.indexOf(itemId);
  // Its place is behind those that rules looked at, or there are no rules.
  if (refined === null || placeInList === -1 || placeInList >= refined.judged) {
    return outranked(place, whole.scores[place] ?? 0);
  }
  const rank = made.byScore.findIndex((row) => made.ranked.itemIds[row.place] === itemId);
  if (rank === -1) return filtered(refined, made, itemId);
  const greedy = made.exploration?.greedy ?? made.list.itemIds;
  const greedyPlace = greedy.indexOf(itemId);
  if (greedyPlace >= 0) {
    const by = slate.items[greedyPlace]?.itemId ?? "";
    return { verdict: "replaced_by_exploration", position: greedyPlace, by };
  }
  const { place: own, factor } = made.byScore[rank] as { place: number; factor: number };
  const score = (made.ranked.scores[own] as number) * factor;
  const ranks = new Map(made.byScore.map((row, at) => [made.ranked.itemIds[row.place], at]));
  const isPassedOver = greedy.some((other) => (ranks.get(other) ?? -1) > rank);
  if (!isPassedOver) return outranked(rank, score);
  return (
    capped(refined, made, greedy, itemId) ?? {
      verdict: "replaced_by_diversity",
      ...standing(slate, rank, score),
    }
  );
}

const standing = ({ items }: ServedSlate, rank: number, score: number): Ranked => ({
  score,
  rank,
  last_shown_score: items.at(-1)?.score ?? null,
});

function filtered(refined: RefinedFeatures, { ranked }: Recomputed, itemId: string): WhyNot {
  const card = refined.cards[ranked.itemIds.indexOf(itemId)];
  return {
    verdict: "filtered",
    expression: refined.filter ?? "",
    item: card == null ? null : { item_id: itemId, ...card },
    user: refined.user,
  };
}

function capped(
  refined: RefinedFeatures,
  { ranked }: Recomputed,
  greedy: readonly string[],
  itemId: string,
): WhyNot | null {
  const cardOf = cardsOf(refined, ranked.itemIds);
  const of = (id: string) => cardOf(id) ?? unknownCard(id);
  const { maxPerAuthor, maxPerCategory } = refined.spread;
  const caps = [
    { cap: "max_per_author", member: "author", limit: maxPerAuthor },
    { cap: "max_per_category", member: "category", limit: maxPerCategory },
  ] as const;
  for (const { cap, member, limit } of caps) {
    const value = of(itemId)[member];
    if (limit === 0 || value === null) continue;
    const count = greedy.filter((id) => of(id)[member] === value).length;
    if (count >= limit) return { verdict: "capped", cap, value, limit, count };
  }
  return null;
}
