/** What off-policy evaluation needs of a store. */

import type { Deadline } from "../../core/deadline.ts";
import type { StoredSlate } from "../../recommend/slates/slate.ts";

export interface WatchOfSlate {
  readonly itemId: string;
  readonly watchTimeSec: number;
  readonly percentWatched: number | null;
}

export interface SlateWithOutcome extends StoredSlate {
  /** Watches that named the slate, within a day of it. */
  readonly watches: readonly WatchOfSlate[];
}

export interface SlateRange {
  readonly fromMs: number;
  /** The first moment behind it. */
  readonly toMs: number;
}

export interface SlateLog {
  /**
   * Shows `take` the slates that were served in the range, in pages of no order, until it answers false.
   * May throw StoreUnavailableError or StoreDataError.
   */
  read(
    range: SlateRange,
    take: (page: readonly SlateWithOutcome[]) => boolean,
    deadline: Deadline,
  ): Promise<void>;
}
