/** Takes out of the shared cache what commits made old: users and related items at once, the popular list now and then. */

import type { Clock, Timer } from "../core/clock.ts";
import type { FeatureChange } from "../events/ports.ts";
import type { SharedCache } from "./ports.ts";
import { keysOf, POPULARITY_KEY } from "./shared-keys.ts";

/** Popularity changes with every event: its entry is taken out at most this often by one process. */
const POPULARITY_INTERVAL_MS = 250;
/** Ids of one kind in one call, so that none holds up the cache for long. */
const MAX_IDS = 250;
/** Items between two invalidations of the popular list; what does not fit is found out by its time to live. */
const MAX_ITEMS = 10_000;

const KINDS = ["userIds", "itemIds", "relatedItemIds", "ruleItemIds", "eventIds"] as const;
const NOTHING: FeatureChange = {
  userIds: [],
  itemIds: [],
  relatedItemIds: [],
  ruleItemIds: [],
  eventIds: [],
};

const ANY = "*";
/** How the keys of all entries begin, for whoever takes out every one. */
export const ENTRY_PREFIXES: readonly string[] = [
  ...keysOf({ ...NOTHING, userIds: [ANY], relatedItemIds: [ANY] }),
  POPULARITY_KEY,
].map((key) => key.split(ANY, 1).join());

export class SharedInvalidation implements Disposable {
  readonly #cache: SharedCache;
  readonly #clock: Clock;
  readonly #items = new Set<string>();
  #popularAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | null = null;

  constructor(cache: SharedCache, clock: Clock) {
    this.#cache = cache;
    this.#clock = clock;
  }

  /** Call it after the commit: an entry taken out before could be filled again with what was before. */
  apply(change: FeatureChange): void {
    for (const part of parts({ ...change, itemIds: [] })) this.#cache.invalidate(keysOf(part), part);
    for (const itemId of change.itemIds) {
      if (this.#items.size >= MAX_ITEMS) break;
      this.#items.add(itemId);
    }
    if (this.#timer || this.#items.size === 0) return;
    const delayMs = this.#popularAtMs + POPULARITY_INTERVAL_MS - this.#clock.monotonicMs();
    if (delayMs <= 0) this.#popular();
    else this.#timer = this.#clock.schedule(delayMs, () => this.#popular());
  }

  /** What was collected goes out now. */
  [Symbol.dispose](): void {
    this.#timer?.cancel();
    if (this.#items.size > 0) this.#popular();
  }

  #popular(): void {
    this.#timer = null;
    const itemIds = [...this.#items];
    this.#items.clear();
    this.#popularAtMs = this.#clock.monotonicMs();
    // The items are named together with the entry and not before: who reads a whole list between hears of them after.
    for (const part of parts({ ...NOTHING, itemIds })) this.#cache.invalidate([POPULARITY_KEY], part);
  }
}

/** Which events are in the store is said last: until then overlays stand in for entries that are not yet taken out. */
function* parts(change: FeatureChange): Iterable<FeatureChange> {
  const longest = Math.max(...KINDS.map((kind) => change[kind].length));
  if (longest <= MAX_IDS) {
    if (longest > 0) yield change;
    return;
  }
  yield* slices({ ...change, eventIds: [] });
  yield* slices({ ...NOTHING, eventIds: change.eventIds });
}

function* slices(change: FeatureChange): Iterable<FeatureChange> {
  const longest = Math.max(...KINDS.map((kind) => change[kind].length));
  for (let from = 0; from < longest; from += MAX_IDS) {
    const slice = KINDS.map((kind) => [kind, change[kind].slice(from, from + MAX_IDS)]);
    yield Object.fromEntries(slice) as FeatureChange;
  }
}
