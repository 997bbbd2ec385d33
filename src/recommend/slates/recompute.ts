/** Makes a slate again from its features: ranking, filter, boost, caps, diversity, exploration and cut, as it was served. */

import { unknownCard } from "../catalog-cards.ts";
import { compileBoost, compileFilter, type ItemFacts } from "../expression.ts";
import type { RankedList } from "../ranked-list.ts";
import { judge, type Row } from "../refine.ts";
import { makeSlate, type Slate } from "../slate.ts";
import { type CardOf, type Refinement, rowsOf } from "../slate-rows.ts";
import type { RefinedFeatures, SlateFeatures } from "./features.ts";
import { rerank } from "./rerank.ts";

export interface Recomputed extends Pick<Slate, "list" | "exploration"> {
  /** Before filter, boost, caps, diversity and exploration. */
  readonly ranked: RankedList;
  /** Rows of `ranked` that passed the filter, by score, the boost included. */
  readonly byScore: readonly Row[];
}

/** Nothing is timed here. */
const NO_CLOCK = { monotonicMs: () => 0 };

/** `ranked` in place of the stored ranking asks what another policy would have shown. */
export function recompute(
  { candidates, refined }: Pick<SlateFeatures, "candidates" | "refined">,
  k: number,
  ranked = rerank(candidates),
): Recomputed {
  if (refined === null) {
    const byScore = ranked.itemIds.map((_, place) => ({ place, factor: 1 }));
    return { ranked, byScore, list: cut(ranked, k), exploration: null };
  }
  const list = cut(ranked, refined.judged);
  const refinement = refinementFrom(refined);
  const { nowMs, user } = refined;
  const cardOf = cardsOf(refined, rerank(candidates).itemIds);
  const { filter, boost, exploration } = refinement;
  const hasTime = () => true;
  const rows = rowsOf({ list, refinement, k, nowMs, cardOf, user, hasTime });
  const slate = makeSlate({ list, rows, k, exploration, clock: NO_CLOCK });
  const byScore = judge({ list, filter, boost, cardOf, user, hasTime });
  return { ranked, byScore, list: slate.list, exploration: slate.exploration };
}

/** Of the judged items, as far as anything looked at them; undefined where the catalogue could not be read. */
export function cardsOf({ cards }: RefinedFeatures, itemIds: readonly string[]): CardOf {
  const known = new Map<string, Partial<ItemFacts> | null>();
  for (const [place, card] of cards.entries()) known.set(itemIds[place] as string, card);
  return (itemId) => {
    const card = known.get(itemId);
    return card === null ? undefined : { ...unknownCard(itemId), ...card };
  };
}

/** Throws for an expression that compiled when the slate was served. */
export function refinementFrom({ filter, boost, spread, exploration }: RefinedFeatures): Refinement {
  return {
    filter: filter === null ? null : compiled(compileFilter(filter)),
    boost: boost === null ? null : compiled(compileBoost(boost)),
    spread,
    exploration,
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
