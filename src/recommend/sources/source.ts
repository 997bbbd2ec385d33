/** What every source of a trained policy is: it gives scores to items for one request. */

import type { SourceName } from "../ranked-list.ts";
import type { SlotScores } from "../slot-scores.ts";
import type { TrainedInput } from "../trained-input.ts";

export interface Source {
  readonly name: SourceName;
  /** Adds what the source gives to each item. Every number added is above 0. */
  score(input: TrainedInput, into: SlotScores): void;
  /** Scores candidates that other sources brought, where `score` gave them nothing for being too many. Called after it. */
  complete?(input: TrainedInput, candidates: Int32Array, into: SlotScores): void;
}
