/** What training reads: who took what in which order, in columns, with items as numbers and users without names. */

import { MS_PER_HOUR } from "../events/fold-decay.ts";
import { inTimeOrder } from "../events/fold-order.ts";
import { type Interaction, SIGNAL_WEIGHT, type Signal } from "../events/model.ts";
import { Growing } from "./growing.ts";

export interface TrainingLog {
  /** By item number. Never changed: logs cut from one another share it. */
  readonly itemIds: readonly string[];
  /** User u has the events from `starts[u]` until `starts[u + 1]`, oldest first. */
  readonly starts: Int32Array;
  readonly items: Int32Array;
  readonly tsMs: Float64Array;
  /** Weight of the signal: 1, 3 or 10. */
  readonly weights: Uint8Array;
}

export interface TrainingEvent {
  readonly itemId: string;
  readonly signal: Signal;
  readonly tsMs: number;
}

/** Takes the events of one user after the other. */
export class TrainingLogBuilder {
  readonly #numbers = new Map<string, number>();
  readonly #starts = new Growing(Int32Array);
  readonly #items = new Growing(Int32Array);
  readonly #tsMs = new Growing(Float64Array);
  readonly #weights = new Growing(Uint8Array);

  constructor() {
    this.#starts.push(0);
  }

  get eventCount(): number {
    return this.#items.length;
  }

  /** The next event of the current user, in time order. */
  add({ itemId, signal, tsMs }: TrainingEvent): void {
    let number = this.#numbers.get(itemId);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(itemId, number);
    }
    this.#items.push(number);
    this.#tsMs.push(tsMs);
    this.#weights.push(SIGNAL_WEIGHT[signal]);
  }

  /** What follows belongs to another user. */
  endUser(): void {
    if (this.#items.length > (this.#starts.last ?? 0)) this.#starts.push(this.#items.length);
  }

  build(): TrainingLog {
    this.endUser();
    return {
      itemIds: [...this.#numbers.keys()],
      starts: this.#starts.take(),
      items: this.#items.take(),
      tsMs: this.#tsMs.take(),
      weights: this.#weights.take(),
    };
  }
}

/** Of interactions in memory, in order of arrival. */
export function trainingLogOf(interactions: readonly Interaction[]): TrainingLog {
  const builder = new TrainingLogBuilder();
  for (const timeline of inTimeOrder(interactions).values()) {
    for (const interaction of timeline) builder.add(interaction);
    builder.endUser();
  }
  return builder.build();
}

export const userCount = ({ starts }: TrainingLog) => starts.length - 1;

/** The first `lengths[u]` events of each user; users keep their numbers. */
export function headsOf(log: TrainingLog, lengths: Int32Array): TrainingLog {
  const users = userCount(log);
  const starts = new Int32Array(users + 1);
  for (let user = 0; user < users; user++) {
    starts[user + 1] = (starts[user] as number) + (lengths[user] as number);
  }
  const total = starts[users] as number;
  const cut = { items: new Int32Array(total), tsMs: new Float64Array(total), weights: new Uint8Array(total) };
  for (let user = 0; user < users; user++) {
    const from = log.starts[user] as number;
    const to = from + (lengths[user] as number);
    const at = starts[user] as number;
    cut.items.set(log.items.subarray(from, to), at);
    cut.tsMs.set(log.tsMs.subarray(from, to), at);
    cut.weights.set(log.weights.subarray(from, to), at);
  }
  return { itemIds: log.itemIds, starts, ...cut };
}

/** By item: the sum of weight * 2^((event time - newest event time) / half-life); 0 for an item that nobody took. */
export function decayedPopularity(log: TrainingLog, halfLifeHours: number): Float64Array {
  const { itemIds, items, tsMs, weights } = log;
  const newestMs = tsMs.reduce((newest, each) => Math.max(newest, each), 0);
  const scores = new Float64Array(itemIds.length);
  for (let event = 0; event < items.length; event++) {
    const item = items[event] as number;
    const halves = ((tsMs[event] as number) - newestMs) / (halfLifeHours * MS_PER_HOUR);
    scores[item] = (scores[item] as number) + (weights[event] as number) * 2 ** halves;
  }
  return scores;
}
