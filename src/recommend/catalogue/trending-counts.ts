/** Reads how many points items got lately: from the sets that nodes share, else from the events of the store. */

import type { Deadline } from "../../core/deadline.ts";
import type { ScoredItem } from "../ports.ts";
import type { CatalogueReader, Timeframe, TrendingSets } from "./ports.ts";

const WINDOW_MS = { "1h": 3_600_000, "24h": 86_400_000 } as const;

export interface TrendingOrigin {
  readonly reader: Pick<CatalogueReader, "signalPoints">;
  /** Null where nodes share nothing. */
  readonly sets: TrendingSets | null;
  /** Of each read. */
  readonly newDeadline: () => Deadline;
}

/** The most points first. Rejects as the store's reads do. */
export async function trendingCounts(
  { reader, sets, newDeadline }: TrendingOrigin,
  timeframe: Timeframe,
  limit: number,
): Promise<readonly ScoredItem[]> {
  const shared = await sets?.top(timeframe, limit, newDeadline());
  return shared ?? reader.signalPoints(WINDOW_MS[timeframe], limit, newDeadline());
}
