/** A trained model as serving holds it: what its sources learned, and how much each of them counts. */

import type { ItemFactors } from "./item-factors.ts";
import type { ItemLists } from "./item-lists.ts";
import type { ItemTable } from "./item-table.ts";
import type { Objective, SignalWeights } from "./profile-weights.ts";
import type { SourceName } from "./ranked-list.ts";
import type { SessionIndex } from "./session-index.ts";

/** Sources that a run brings as lists of neighbours. */
export const LIST_SOURCES = ["ease", "item_knn", "content"] as const;
export type ListSource = (typeof LIST_SOURCES)[number];

/** Weight of each source in a blend; a source that is not named counts nothing. */
export type BlendWeights = Readonly<Partial<Record<SourceName, number>>>;

export interface TrainedModel {
  /** `YYYYMMDD_HHMMSS`. */
  readonly runId: string;
  /** Names what is blended, e.g. `ease_rules_blend`. */
  readonly strategy: string;
  /** Items by their numbers in the lists. */
  readonly itemIds: readonly string[];
  readonly lists: Readonly<Partial<Record<ListSource, ItemLists>>>;
  /** Absent where EASE serves, or no blend counts them. */
  readonly factors?: ItemFactors;
  /** What sessions looked like; null when the run saw none. */
  readonly sessions: SessionIndex | null;
  /** For users with a profile. */
  readonly weights: BlendWeights;
  /** For guests, of whom there is one session. */
  readonly sessionWeights: BlendWeights;
  /** Interactions after which an item of the profile counts half. */
  readonly profileHalfLife: number;
  /** How much an item of the profile counts by what was done with it. */
  readonly signalWeights: SignalWeights;
}

/** What the run learned to want of interactions. */
export const objectivesOf = ({ signalWeights, profileHalfLife }: TrainedModel): readonly [Objective] => [
  { weight: 1, signalWeights, halfLife: profileHalfLife },
];

/** A model whose items are numbered twice: by the run, and by the worker's own table. */
export interface PlacedModel {
  readonly model: TrainedModel;
  readonly table: ItemTable;
  /** Slot in the table of each of the model's items. */
  readonly slots: Int32Array;
  /** The model's number of each slot, -1 where it has none; slots beyond the end have none either. */
  readonly numbers: Int32Array;
}

/** Done once a model and table: everything else is numbers. */
export function placeModel(model: TrainedModel, table: ItemTable): PlacedModel {
  const slots = Int32Array.from(model.itemIds, (itemId) => table.intern(itemId));
  const numbers = new Int32Array(table.size).fill(-1);
  for (let number = 0; number < slots.length; number++) numbers[slots[number] as number] = number;
  return { model, table, slots, numbers };
}
