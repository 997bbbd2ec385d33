/** What a channel found: item ids, each with a score of that channel. */

import type { ListSource, TrainedModel } from "../trained-model.ts";

export type Hits = ReadonlyMap<string, number>;

/** A trained model with its items' numbers by id. */
export interface NumberedModel {
  readonly model: TrainedModel;
  readonly numbers: ReadonlyMap<string, number>;
  /** Each number in its own place, for what asks for slots of a table. */
  readonly identity: Int32Array;
}

/** Done once a model. */
export const numberModel = (model: TrainedModel): NumberedModel => ({
  model,
  numbers: new Map(model.itemIds.map((itemId, number) => [itemId, number])),
  identity: Int32Array.from(model.itemIds, (_, number) => number),
});

/** The item's list of one trained source, largest weight first; empty where the run has none. */
export function listHits({ model, numbers }: NumberedModel, source: ListSource, itemId: string): Hits {
  const lists = model.lists[source];
  const number = numbers.get(itemId);
  if (lists === undefined || number === undefined) return NO_HITS;
  const hits = new Map<string, number>();
  const end = lists.starts[number + 1] as number;
  for (let at = lists.starts[number] as number; at < end; at++) {
    hits.set(model.itemIds[lists.items[at] as number] as string, lists.weights[at] as number);
  }
  return hits;
}

export const NO_HITS: Hits = new Map();

/** The sum of lists whose scores cannot be compared: each is scaled to a largest score of 1. */
export function sumScaled(lists: readonly Hits[]): Hits {
  const sums = new Map<string, number>();
  for (const hits of lists) {
    const most = Math.max(...hits.values());
    if (!(most > 0)) continue;
    for (const [itemId, score] of hits) sums.set(itemId, (sums.get(itemId) ?? 0) + score / most);
  }
  return sums;
}

/** Spread over 0 to 1; equal scores are all 1. */
export function minMax(hits: Hits): Hits {
  const least = Math.min(...hits.values());
  const most = Math.max(...hits.values());
  const scale = (score: number) => (most > least ? (score - least) / (most - least) : 1);
  return new Map(Array.from(hits, ([itemId, score]) => [itemId, scale(score)]));
}
