/** What the training part adds up to, read the way serving reads it from the store. */

import { foldInteractions } from "../events/fold.ts";
import { byKey } from "../events/fold-order.ts";
import { RULE_UNITS } from "../events/fold-rules.ts";
import type { Interaction } from "../events/model.ts";
import { ItemTable } from "../recommend/item-table.ts";
import { NEIGHBOUR_LIMIT, type NeighbourList, neighbourList } from "../recommend/neighbour-list.ts";
import { PopularityIndex } from "../recommend/popularity-index.ts";
import type { NeighbourItem, Neighbours, ScoredItem } from "../recommend/ports.ts";
import { RELATED_LIMIT, type RelatedList, relatedList } from "../recommend/related-list.ts";

type Features = ReturnType<typeof foldInteractions>;

export class FrozenFeatures {
  /** Numbers every item that is named anywhere. */
  readonly table = new ItemTable();
  readonly popularity = new PopularityIndex(this.table);
  /** Linear: 1 for the most popular item. */
  readonly decayed = new PopularityIndex(this.table);
  readonly #features: Features;
  readonly #related = new Map<string, RelatedList>();
  readonly #neighbours = new Map<string, NeighbourList>();

  /** `halfLifeHours` is that of decayed popularity. */
  constructor(training: readonly Interaction[], halfLifeHours: number) {
    this.#features = foldInteractions(training, { historySize: 0, halfLifeHours });
    const { popularity, decayed } = this.#features;
    this.popularity.replace(Array.from(popularity, ([itemId, score]) => ({ itemId, score })));
    let best = Number.NEGATIVE_INFINITY;
    for (const score of decayed.values()) best = Math.max(best, score);
    this.decayed.replace(Array.from(decayed, ([itemId, score]) => ({ itemId, score: 2 ** (score - best) })));
  }

  /** Items that models know. */
  get itemCount(): number {
    return this.#features.popularity.size;
  }

  relatedTo(itemId: string): RelatedList {
    return remembered(this.#related, itemId, () =>
      relatedList(this.#transitionsOf(itemId, RELATED_LIMIT), this.table),
    );
  }

  neighboursOf(itemId: string): NeighbourList {
    return remembered(this.#neighbours, itemId, () => neighbourList(this.#around(itemId), this.table));
  }

  /** By count, highest first. */
  #transitionsOf(itemId: string, limit: number): ScoredItem[] {
    const counts = this.#features.transitions.get(itemId) ?? new Map<string, number>();
    return best(counts, limit).map(([id, score]) => ({ itemId: id, score }));
  }

  #around(itemId: string): Neighbours {
    const rules = this.#features.rules.get(itemId) ?? new Map();
    const counts = this.#features.transitions.get(itemId) ?? new Map<string, number>();
    const units = new Map(Array.from(rules, ([id, rule]) => [id, rule.units as number]));
    const chosen = new Set(
      [...best(units, NEIGHBOUR_LIMIT), ...best(counts, NEIGHBOUR_LIMIT)].map(([id]) => id),
    );
    const items = Array.from(
      chosen,
      (id): NeighbourItem => ({
        itemId: id,
        weight: (units.get(id) ?? 0) / RULE_UNITS,
        count: counts.get(id) ?? 0,
      }),
    ).sort((a, b) => b.weight - a.weight || b.count - a.count || (a.itemId < b.itemId ? -1 : 1));
    let total = 0;
    for (const each of units.values()) total += each;
    return { totalWeight: total / RULE_UNITS, items };
  }
}

/** By value, highest first; equal ones by item id. */
const best = (values: ReadonlyMap<string, number>, limit: number) =>
  [...values].sort((a, b) => b[1] - a[1] || byKey(a, b)).slice(0, limit);

function remembered<V>(known: Map<string, V>, key: string, make: () => V): V {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}
