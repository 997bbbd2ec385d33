/**
 * What an item brings at a position, foreseen from what was served: the mean of the position, times how much more or less
 * than that the item brought wherever it stood (clicks over expected clicks, Zhang and Jones 2007), drawn towards 1.
 */

import type { LoggedSlate, Reward } from "./logged-slate.ts";

/** Shows that count as much as knowing nothing of an item. */
const PRIOR_SHOWS = 20;

export class DirectModel {
  readonly #byPosition: readonly number[];
  readonly #byItem = new Map<string, { brought: number; expected: number }>();
  readonly #prior: number;

  constructor(slates: readonly LoggedSlate[], reward: Reward) {
    const sums: { brought: number; shows: number }[] = [];
    for (const { shown } of slates) {
      for (const [position, item] of shown.entries()) {
        sums[position] ??= { brought: 0, shows: 0 };
        sums[position].brought += reward(item);
        sums[position].shows++;
      }
    }
    this.#byPosition = sums.map(({ brought, shows }) => brought / shows);
    const total = sums.reduce((sum, { brought }) => sum + brought, 0);
    const shows = sums.reduce((sum, each) => sum + each.shows, 0);
    this.#prior = shows > 0 ? (PRIOR_SHOWS * total) / shows : 0;
    for (const { shown } of slates) {
      for (const [position, item] of shown.entries()) {
        const known = this.#byItem.get(item.itemId) ?? { brought: 0, expected: 0 };
        known.brought += reward(item);
        known.expected += this.#byPosition[position] as number;
        this.#byItem.set(item.itemId, known);
      }
    }
  }

  /** 0 where nothing was served so far down. */
  foresee(itemId: string, position: number): number {
    const mean = this.#byPosition[position] ?? 0;
    const { brought, expected } = this.#byItem.get(itemId) ?? { brought: 0, expected: 0 };
    const all = expected + this.#prior;
    return all > 0 ? (mean * (brought + this.#prior)) / all : 0;
  }
}
