/** What catalogue recall needs from outside. */

import type { Deadline } from "../../core/deadline.ts";
import type { ScoredItem } from "../ports.ts";

/** How much an item is used. */
export interface ItemActivity {
  readonly itemId: string;
  /** Stored interactions, counted up to what was asked for. */
  readonly interactions: number;
  /** Of the newest one; null without any. */
  readonly newestMs: number | null;
}

/** Reads of the store; each may throw StoreUnavailableError. */
export interface CatalogueReader {
  /** Every asked item has an entry. */
  activity(
    itemIds: readonly string[],
    countUpTo: number,
    deadline: Deadline,
  ): Promise<readonly ItemActivity[]>;
  /** Points of the signals whose event time is in the last `windowMs`, the most first. */
  signalPoints(windowMs: number, limit: number, deadline: Deadline): Promise<readonly ScoredItem[]>;
  /** Trending scores of these items, and of the best `limit`. */
  trendingScores(
    itemIds: readonly string[],
    limit: number,
    deadline: Deadline,
  ): Promise<readonly ScoredItem[]>;
}

/** Texts that nodes share. Out of reach it holds nothing: no method rejects or throws. */
export interface SharedTexts {
  get(key: string, deadline: Deadline): Promise<string | null>;
  /** Returns at once. */
  set(key: string, text: string, ttlMs: number): void;
}

export const TIMEFRAMES = ["1h", "24h"] as const;
export type Timeframe = (typeof TIMEFRAMES)[number];

/** Counts of signals that nodes share. */
export interface TrendingSets {
  /** Items with points, the most first; null while the sets are out of reach. Never rejects. */
  top(timeframe: Timeframe, limit: number, deadline: Deadline): Promise<readonly ScoredItem[] | null>;
}
