/** What a trained policy knows when it is asked. */

import type { HiddenSlots } from "./hidden-items.ts";
import type { NeighbourList } from "./neighbour-list.ts";
import type { NewItemScores } from "./new-item-scores.ts";
import type { PopularityIndex } from "./popularity-index.ts";
import type { WeighedProfile } from "./profile-weights.ts";
import type { SlotList } from "./stream-v1.ts";
import type { PlacedModel } from "./trained-model.ts";

/** Sources whose scores are the same for everybody. */
export type GivenSource = "trending" | "latest";

export interface GivenScores {
  readonly slots: Int32Array;
  /** Aligned with `slots`, 0 or above. */
  readonly scores: Float32Array;
}

export interface TrainedInput {
  readonly placed: PlacedModel;
  /** Decayed popularity on a linear scale; its table is that of the placed model and numbers everything else. */
  readonly index: PopularityIndex;
  /** Neighbours of the newest distinct items, newest first; null where a list is not known. */
  readonly neighbours: readonly (NeighbourList | null)[];
  /** The newest interactions. */
  readonly recent: WeighedProfile;
  /** Stands for `recent`: what is worked out of it alone is kept as long as this object. Absent: nothing is kept. */
  readonly profile?: object;
  /** Of sources that the policy counts. */
  readonly given?: Readonly<Partial<Record<GivenSource, GivenScores>>>;
  /** Slots that must not be in the list: what the user saw and what the caller excludes; -1 is no item. */
  readonly unwanted: SlotList;
  /** In no answer. */
  readonly hidden: HiddenSlots;
  /** What content says of new items; those that the model does not know are candidates, too. */
  readonly newItems?: NewItemScores;
  readonly k: number;
  /** Most popular items that are candidates, 200 where nothing is said. */
  readonly popularCandidates?: number;
  /** Whether the list keeps its candidates. */
  readonly isStored?: boolean;
}
