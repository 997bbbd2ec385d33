/** Makes a slate again from its features: ranking, filter, boost, caps, diversity, exploration and cut, as it was served. */

import { unknownCard } from "../catalog-cards.ts";
import { compileBoost, compileFilter, type ItemFacts } from "../expression.ts";
import { extended } from "../fresh-items.ts";
import type { RankedList } from "../ranked-list.ts";
import { asRanked, type CardOf, type Row } from "../refine.ts";
import { makeSlate, type Slate } from "../slate.ts";
import { type Refinement, rowsOf } from "../slate-rows.ts";
import type { RefinedFeatures, SlateFeatures } from "./features.ts";
import { rerank } from "./rerank.ts";
import type { ServedSlate } from "./slate.ts";

export interface Recomputed extends Pick<Slate, "list" | "exploration"> {
  /** Before filter, boost, caps, diversity and exploration, with what came behind it for being new. */
  readonly ranked: RankedList;
  /** Rows of `ranked` that passed the filter, by score, the boost included. */
  readonly byScore: readonly Row[];
}

/** Nothing is timed here. */
const NO_CLOCK = { monotonicMs: () => 0 };

/** `ranked` in place of the stored ranking asks what another policy would have shown. */
export function recompute(
  { candidates, refined }: Pick<SlateFeatures, "candidates" | "refined">,
  { k, seed }: Pick<ServedSlate, "k" | "seed">,
  ranked = rerank(candidates),
): Recomputed {
  if (refined === null) {
    return { ranked, byScore: asRanked(ranked), list: cut(ranked, k), exploration: null };
  }
  const { nowMs, user, judged, returning } = refined;
  const list = withFresh(cut(ranked, refined.length), refined.fresh);
  const refinement = refinementFrom(refined, seed);
  const own = withFresh(cut(rerank(candidates), refined.length), refined.fresh);
  const { rows, passed } = rowsOf({
    list,
    fresh: list.itemIds.length - Math.min(ranked.itemIds.length, refined.length),
    refinement,
    k,
    nowMs,
    cardOf: cardsOf(refined, own.itemIds),
    user,
    ...(returning && { returning: new Map(returning) }),
    hasTime: (count) => count < judged,
  });
  const slate = makeSlate({ list, rows, k, exploration: refinement.exploration, clock: NO_CLOCK });
  return { ranked: list, byScore: passed, list: slate.list, exploration: slate.exploration };
}

/** Those behind it that it does not have itself. */
function withFresh(list: RankedList, fresh: readonly string[]): RankedList {
  const known = new Set(list.itemIds);
  return extended(
    list,
    fresh.filter((itemId) => !known.has(itemId)),
  );
}

/** Of the judged items, as far as anything looked at them; undefined where the catalogue could not be read. */
export function cardsOf(
  { cards }: RefinedFeatures,
  itemIds: readonly string[],
): (itemId: string) => ReturnType<CardOf> {
  const known = new Map<string, Partial<ItemFacts> | null>();
  for (const [place, card] of cards.entries()) known.set(itemIds[place] as string, card);
  return (itemId) => {
    const card = known.get(itemId);
    return card === null ? undefined : { ...unknownCard(itemId), ...card };
  };
}

/** Throws for an expression that compiled when the slate was served. */
export function refinementFrom(
  { filter, boost, spread, exploration: rules }: RefinedFeatures,
  seed: string | null,
): Refinement {
  return {
    filter: filter === null ? null : compiled(compileFilter(filter)),
    boost: boost === null ? null : compiled(compileBoost(boost)),
    spread,
    exploration: rules && seed !== null ? { rules, seed } : null,
  };
}

function compiled<T>(result: { ok: true; value: T } | { ok: false; error: string }): T {
  if (!result.ok) throw new Error(`a stored expression ${result.error}`);
  return result.value;
}

function cut(list: RankedList, length: number): RankedList {
  if (list.itemIds.length <= length) return list;
  return { ...list, itemIds: list.itemIds.slice(0, length), scores: list.scores.slice(0, length) };
}
