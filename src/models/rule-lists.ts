/** Sequential rules and co-visitation of a training log, item by item and only where asked: what the stream would hold. */

import { RULE_STEPS } from "../events/fold-rules.ts";
import type { ItemTable } from "../recommend/item-table.ts";
import { NEIGHBOUR_LIMIT, type NeighbourList, neighbourList } from "../recommend/neighbour-list.ts";
import { RELATED_LIMIT, type RelatedList } from "../recommend/related-list.ts";
import { TopEntries } from "../recommend/top-entries.ts";
import type { TrainingLog } from "./training-log.ts";

export class RuleLists {
  readonly #log: TrainingLog;
  /** Slots are item numbers. */
  readonly #table: ItemTable;
  /** Item i happened at the events `places[starts[i]]` until `places[starts[i + 1]]`. */
  readonly #starts: Int32Array;
  readonly #places: Int32Array;
  /** By event: the first event of the next user. */
  readonly #ends: Int32Array;
  readonly #known = new Map<number, NeighbourList>();
  readonly #weights: Float64Array;
  readonly #counts: Float64Array;
  readonly #top = new TopEntries(NEIGHBOUR_LIMIT);

  constructor(log: TrainingLog, table: ItemTable) {
    this.#log = log;
    this.#table = table;
    const { itemIds, items, starts } = log;
    this.#weights = new Float64Array(itemIds.length);
    this.#counts = new Float64Array(itemIds.length);
    this.#starts = new Int32Array(itemIds.length + 1);
    for (const item of items) this.#starts[item + 1] = (this.#starts[item + 1] as number) + 1;
    for (let item = 0; item < itemIds.length; item++) {
      this.#starts[item + 1] = (this.#starts[item + 1] as number) + (this.#starts[item] as number);
    }
    const next = this.#starts.slice();
    this.#places = new Int32Array(items.length);
    this.#ends = new Int32Array(items.length);
    for (let user = 0; user + 1 < starts.length; user++) {
      for (let event = starts[user] as number; event < (starts[user + 1] as number); event++) {
        const item = items[event] as number;
        this.#places[next[item] as number] = event;
        next[item] = (next[item] as number) + 1;
        this.#ends[event] = starts[user + 1] as number;
      }
    }
  }

  neighboursOf(item: number): NeighbourList {
    const known = this.#known.get(item);
    if (known !== undefined) return known;
    const made = this.#make(item);
    this.#known.set(item, made);
    return made;
  }

  /** What directly followed, by count. */
  relatedTo(item: number): RelatedList {
    const { items } = this.#log;
    const counts = new Map<number, number>();
    for (let at = this.#starts[item] as number; at < (this.#starts[item + 1] as number); at++) {
      const later = (this.#places[at] as number) + 1;
      if (later >= (this.#ends[later - 1] as number)) continue;
      const follower = items[later] as number;
      if (follower !== item) counts.set(follower, (counts.get(follower) ?? 0) + 1);
    }
    const best = [...counts].sort(([a, most], [b, more]) => more - most || a - b).slice(0, RELATED_LIMIT);
    return {
      table: this.#table,
      slots: Int32Array.from(best, ([follower]) => follower),
      counts: Float64Array.from(best, ([, count]) => count),
    };
  }

  #make(item: number): NeighbourList {
    const { items } = this.#log;
    const weights = this.#weights;
    const counts = this.#counts;
    const followers = new Set<number>();
    let totalWeight = 0;
    for (let at = this.#starts[item] as number; at < (this.#starts[item + 1] as number); at++) {
      const event = this.#places[at] as number;
      const end = Math.min(this.#ends[event] as number, event + RULE_STEPS + 1);
      for (let later = event + 1; later < end; later++) {
        const follower = items[later] as number;
        if (follower === item) continue;
        followers.add(follower);
        const weight = 1 / (later - event);
        weights[follower] = (weights[follower] as number) + weight;
        totalWeight += weight;
        if (later === event + 1) counts[follower] = (counts[follower] as number) + 1;
      }
    }
    const chosen = new Set<number>();
    for (const column of [weights, counts]) {
      for (const each of followers)
        if ((column[each] as number) > 0) this.#top.offer(each, column[each] as number);
      this.#top.drain((each) => chosen.add(each));
    }
    const list = Array.from(chosen, (each) => ({
      itemId: this.#table.nameOf(each),
      weight: weights[each] as number,
      count: counts[each] as number,
    }));
    for (const each of followers) {
      weights[each] = 0;
      counts[each] = 0;
    }
    return neighbourList({ totalWeight, items: list }, this.#table);
  }
}
