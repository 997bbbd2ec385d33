/** The popular items that catalogue recall fills up with: those that are used, and no cheap or forgotten ones. */

import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import type { ServingState } from "../serving-state.ts";
import type { CatalogueReader, ItemActivity } from "./ports.ts";

const LENGTH = 100;
const LIFE_MS = 10_000;
const CHEAP = 1.9;
const CHEAP_INTERACTIONS = 66;
const IDLE_MS = 180 * 86_400_000;
const IDLE_INTERACTIONS = 30;

/** Whether use speaks for the item: not with a price below 1.90 and few interactions, nor unused for 180 days and before. */
export function isWorthShowing(price: number | null, activity: ItemActivity, nowMs: number): boolean {
  const { interactions, newestMs } = activity;
  if (price !== null && price < CHEAP && interactions < CHEAP_INTERACTIONS) return false;
  const isIdle = newestMs === null || nowMs - newestMs > IDLE_MS;
  return !(isIdle && interactions < IDLE_INTERACTIONS);
}

export interface PopularItemsOptions {
  readonly state: ServingState;
  readonly reader: CatalogueReader;
  readonly clock: Clock;
  readonly readTimeoutMs: number;
}

export class PopularItems {
  readonly #options: PopularItemsOptions;
  #itemIds: readonly string[] | null = null;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #flight: Promise<void> | null = null;

  constructor(options: PopularItemsOptions) {
    this.#options = options;
  }

  /** From memory; what is most popular, unjudged, until it could be judged once. A read is started when one is due. */
  known(): readonly string[] {
    if (this.#isOld()) void this.#refresh().catch(() => {}); // The next call tries again.
    return this.#itemIds ?? this.#top();
  }

  get isJudged(): boolean {
    return this.#itemIds !== null;
  }

  /** Resolves once the list was judged. Rejects when the read under way fails. */
  async judged(): Promise<void> {
    if (!this.isJudged) await this.#refresh();
  }

  #isOld(): boolean {
    return this.#options.clock.monotonicMs() - this.#readAtMs >= LIFE_MS;
  }

  #top(): readonly string[] {
    return this.#options.state.popularity
      .current()
      .top(LENGTH)
      .map(({ itemId }) => itemId);
  }

  #refresh(): Promise<void> {
    this.#flight ??= this.#read().finally(() => {
      this.#flight = null;
    });
    return this.#flight;
  }

  async #read(): Promise<void> {
    const { reader, clock, readTimeoutMs, state } = this.#options;
    const top = this.#top();
    const deadline = Deadline.after(readTimeoutMs, clock);
    const activity = top.length === 0 ? [] : await reader.activity(top, CHEAP_INTERACTIONS, deadline);
    const priceOf = (itemId: string) =>
      (state.cards.get(itemId) ?? state.cards.outside.stale(itemId))?.price ?? null;
    const worth = new Set(
      activity
        .filter((each) => isWorthShowing(priceOf(each.itemId), each, clock.nowMs()))
        .map(({ itemId }) => itemId),
    );
    this.#itemIds = top.filter((itemId) => worth.has(itemId));
    this.#readAtMs = clock.monotonicMs();
  }
}
