/** Interactions of a profile as tests write them. */

import type { ItemTable } from "../../src/recommend/item-table.ts";
import { type WeighedProfile, Weigher } from "../../src/recommend/profile-weights.ts";
import { objectivesOf, type TrainedModel } from "../../src/recommend/trained-model.ts";

export interface Take {
  readonly itemId: string;
  /** Of the signal: 1, 3 or 10. */
  readonly weight: number;
}

/** Views of these items. */
export const viewed = (...itemIds: string[]): Take[] => itemIds.map((itemId) => ({ itemId, weight: 1 }));

/** `takes`: newest first; weighed as `model` learned to. */
export function recentIn(
  table: ItemTable,
  model: TrainedModel,
  takes: readonly Take[],
): WeighedProfile & { readonly slots: readonly number[] } {
  const slots = takes.map(({ itemId }) => table.intern(itemId));
  const weights = takes.map(({ weight }) => weight);
  return { ...new Weigher(objectivesOf(model)).weigh({ slots, weights }), slots };
}
