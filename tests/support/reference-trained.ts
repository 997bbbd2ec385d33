/** The trained policy written literally, with maps and full sorts, to check the fast one against. */

import type { ItemLists } from "../../src/recommend/item-lists.ts";
import type { SourceName } from "../../src/recommend/ranked-list.ts";
import type { BlendWeights, ListSource, TrainedModel } from "../../src/recommend/trained-model.ts";
import type { Take } from "./recent.ts";

export interface TrainedWorld {
  readonly model: TrainedModel;
  /** Newest first. */
  readonly recent: readonly Take[];
  readonly popularity: readonly { readonly itemId: string; readonly score: number }[];
  readonly unwanted: ReadonlySet<string>;
}

/** item id -> score of each source, of the candidates alone. */
export function referenceTrained(
  { model, recent, popularity, unwanted }: TrainedWorld,
  weights: BlendWeights,
  k: number,
): { itemId: string; score: number }[] {
  const sources = new Map<SourceName, Map<string, number>>();
  for (const name of ["ease", "item_knn", "content"] as const) {
    if ((weights[name] ?? 0) > 0) sources.set(name, listScores(model, name, recent));
  }
  sources.set("decayed_popularity", new Map(popularity.map(({ itemId, score }) => [itemId, score])));
  const candidates = new Set<string>();
  for (const scores of sources.values()) {
    const wanted = [...scores].filter(([itemId]) => !unwanted.has(itemId));
    for (const [itemId] of wanted.sort((a, b) => b[1] - a[1]).slice(0, 200)) candidates.add(itemId);
  }
  const totals = new Map(Array.from(candidates, (itemId) => [itemId, 0]));
  for (const [name, scores] of sources) {
    const values = Array.from(candidates, (itemId) => scores.get(itemId) ?? 0);
    const least = Math.min(...values);
    const most = Math.max(...values);
    if (most <= least) continue;
    for (const itemId of candidates) {
      const share = ((scores.get(itemId) ?? 0) - least) / (most - least);
      totals.set(itemId, (totals.get(itemId) as number) + (weights[name] ?? 0) * share);
    }
  }
  return [...totals]
    .sort((a, b) => b[1] - a[1])
    .slice(0, k)
    .map(([itemId, score]) => ({ itemId, score }));
}

const weighs = ({ signalWeights: { view, click, purchase } }: TrainedModel, weight: number) =>
  weight === 1 ? view : weight === 3 ? click : purchase;

function listScores(model: TrainedModel, name: ListSource, recent: readonly Take[]): Map<string, number> {
  const lists = model.lists[name] as ItemLists;
  const added: { itemId: string; value: number }[] = [];
  for (const [place, { itemId, weight }] of recent.slice(0, 50).entries()) {
    const factor = Math.log2(1 + weighs(model, weight)) * 2 ** (-place / model.profileHalfLife);
    const item = model.itemIds.indexOf(itemId);
    if (item < 0) continue;
    for (let entry = lists.starts[item] as number; entry < (lists.starts[item + 1] as number); entry++) {
      const other = model.itemIds[lists.items[entry] as number] as string;
      added.push({ itemId: other, value: factor * (lists.weights[entry] as number) });
    }
  }
  const least = 0.02 * Math.max(0, ...added.map(({ value }) => value));
  const scores = new Map<string, number>();
  for (const { itemId, value } of added) {
    if (value >= least) scores.set(itemId, (scores.get(itemId) ?? 0) + value);
  }
  return scores;
}
