/** Keeps what trends near the policies that count on it: read in the background, and only while somebody asks. */

import type { Clock } from "../core/clock.ts";
import type { ItemTable } from "./item-table.ts";
import type { ScoredItem } from "./ports.ts";
import type { GivenScores } from "./trained-input.ts";
import { trendingScores } from "./trending-scores.ts";

export type TrendingWindow = "1h" | "24h";

/** Items of each window. */
const LENGTH = 500;
const LIFE_MS = 10_000;
/** At most this share of the time goes into reading: what takes long is read less often. */
const READ_SHARE = 1 / 20;

export interface TrendingKeeperOptions {
  /** Items with the most points of a window, each with its points. May reject; settles in bounded time. */
  readonly read: (window: TrendingWindow, limit: number) => Promise<readonly ScoredItem[]>;
  readonly clock: Clock;
}

export class TrendingKeeper {
  readonly #options: TrendingKeeperOptions;
  #items: readonly ScoredItem[] = [];
  #dueAtMs = Number.NEGATIVE_INFINITY;
  #reading = false;
  #placed: { readonly table: ItemTable; readonly scores: GivenScores } | null = null;

  constructor(options: TrendingKeeperOptions) {
    this.#options = options;
  }

  /** As last read, in `table`'s numbers; nothing until the first list is there. */
  in(table: ItemTable): GivenScores {
    this.#renew();
    if (this.#placed?.table !== table) {
      const slots = Int32Array.from(this.#items, ({ itemId }) => table.intern(itemId));
      const scores = Float32Array.from(this.#items, ({ score }) => score);
      this.#placed = { table, scores: { slots, scores } };
    }
    return this.#placed.scores;
  }

  #renew(): void {
    if (this.#reading || this.#options.clock.monotonicMs() < this.#dueAtMs) return;
    this.#reading = true;
    void this.#read();
  }

  /** Never rejects: what was read last stays. */
  async #read(): Promise<void> {
    const { clock, read } = this.#options;
    const startedMs = clock.monotonicMs();
    try {
      const [hour, day] = await Promise.all([read("1h", LENGTH), read("24h", LENGTH)]);
      this.#items = trendingScores(hour, day);
      this.#placed = null;
    } catch {
      // The reads are counted and told where they fail.
    }
    const tookMs = clock.monotonicMs() - startedMs;
    this.#dueAtMs = clock.monotonicMs() + Math.max(LIFE_MS, tookMs / READ_SHARE);
    this.#reading = false;
  }
}
