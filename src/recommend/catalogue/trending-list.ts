/** Keeps the trending list of one timeframe near its sources. */

import type { Clock } from "../../core/clock.ts";
import type { Deadline } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";
import { degradeCause } from "../guarded-reader.ts";
import type { PopularItems } from "./popular-items.ts";
import type { CatalogueReader, Timeframe } from "./ports.ts";
import type { FallbackCause } from "./request.ts";
import { trendingOrder } from "./trending.ts";
import { type TrendingOrigin, trendingCounts } from "./trending-counts.ts";

/** More than any answer has: some of them may be hidden. */
const LENGTH = 500;
const LIFE_MS = 1_000;
/** At most this share of the time goes into reading: what takes long is read less often. */
const READ_SHARE = 1 / 20;

export interface TrendingListOptions extends TrendingOrigin {
  readonly timeframe: Timeframe;
  readonly reader: CatalogueReader;
  readonly popular: PopularItems;
  readonly clock: Clock;
}

export interface TrendingNow {
  readonly itemIds: readonly string[];
  /** Why the list is older than it should be, or no more than what is popular; null when it is as it should be. */
  readonly cause: Exclude<FallbackCause, "empty"> | null;
  /** What the list is in that case: the last good one, or what is popular. */
  readonly source: "redis" | "popular";
}

export class TrendingList {
  readonly #options: TrendingListOptions;
  #itemIds: readonly string[] | null = null;
  #dueAtMs = Number.NEGATIVE_INFINITY;
  #cause: TrendingNow["cause"] = null;
  #flight: Promise<void> | null = null;

  constructor(options: TrendingListOptions) {
    this.#options = options;
  }

  /** Waits for the first list alone; later ones are read while the last is answered. Never rejects. */
  async now(deadline: Deadline): Promise<TrendingNow> {
    const { clock, popular } = this.#options;
    if (clock.monotonicMs() >= this.#dueAtMs) {
      this.#flight ??= this.#read().finally(() => {
        this.#flight = null;
      });
    }
    if (this.#itemIds === null && this.#flight !== null) await deadline.race(this.#flight).catch(() => {});
    if (this.#itemIds !== null) return { itemIds: this.#itemIds, cause: this.#cause, source: "redis" };
    return { itemIds: popular.known(), cause: this.#cause ?? "timeout", source: "popular" };
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    const { clock, popular } = this.#options;
    const startedMs = clock.monotonicMs();
    try {
      await popular.judged();
      const counts = await trendingCounts(this.#options, this.#options.timeframe, LENGTH);
      const ids = counts.map(({ itemId }) => itemId);
      const { reader, newDeadline } = this.#options;
      const scores = await reader.trendingScores(ids, LENGTH, newDeadline());
      this.#itemIds = trendingOrder(counts, scores, popular.known());
      this.#cause = null;
    } catch (thrown) {
      this.#cause = degradeCause(asError(thrown)) === "timeout" ? "timeout" : "error";
    }
    const tookMs = clock.monotonicMs() - startedMs;
    this.#dueAtMs = clock.monotonicMs() + Math.max(LIFE_MS, tookMs / READ_SHARE);
  }
}
