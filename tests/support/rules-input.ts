/** Turns the plain state of the reference policy into what the fast policy reads. */

import { NOTHING_HIDDEN } from "../../src/recommend/hidden-items.ts";
import { ItemTable } from "../../src/recommend/item-table.ts";
import { PopularityIndex } from "../../src/recommend/popularity-index.ts";
import { relatedList } from "../../src/recommend/related-list.ts";
import { SOURCE_DEPTH } from "../../src/recommend/retrieval.ts";
import type { RulesInput } from "../../src/recommend/rules-v1.ts";
import type { ReferenceState } from "./reference-rules.ts";

const toItems = (pairs: readonly (readonly [string, number])[]) =>
  pairs.map(([itemId, score]) => ({ itemId, score }));

export function rulesInput(state: ReferenceState, k: number): RulesInput {
  const table = new ItemTable();
  const index = new PopularityIndex(table);
  index.replace(toItems(state.popularity));
  const newestFirst = state.history.slice(-SOURCE_DEPTH).reverse();
  return {
    index,
    sources: newestFirst.map((itemId) => relatedList(toItems(state.related.get(itemId) ?? []), table)),
    hidden: NOTHING_HIDDEN,
    unwanted: [...state.history, ...(state.exclude ?? [])],
    k,
  };
}
