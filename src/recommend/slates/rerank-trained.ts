/** Ranks for a stored profile by a run: its own lists, and what the stream said when the slate was served. */

import { err, ok, type Result } from "../../core/result.ts";
import { SIGNAL_WEIGHT } from "../../events/model.ts";
import { NOTHING_HIDDEN } from "../hidden-items.ts";
import { ItemTable } from "../item-table.ts";
import { PopularityIndex } from "../popularity-index.ts";
import { Weigher } from "../profile-weights.ts";
import type { RankedList } from "../ranked-list.ts";
import type { Source } from "../sources/source.ts";
import { objectivesOf, placeModel, type TrainedModel } from "../trained-model.ts";
import { createSources, TrainedScratch } from "../trained-scratch.ts";
import type { CandidateFeatures, FeatureColumn, ViewerFeatures } from "./features.ts";

/** The worker keeps these, and a slate remembers them of its candidates. */
const OF_THE_STREAM = [
  "sequential_rules",
  "co_visitation",
  "decayed_popularity",
  "trending",
  "latest",
] as const;
/** Of these, those that are sources of their own. */
const STORED: ReadonlySet<string> = new Set(["sequential_rules", "co_visitation", "trending", "latest"]);

/** Its error reads as the end of a sentence. */
export function rankByModel(
  model: TrainedModel,
  { itemIds, columns }: CandidateFeatures,
  { recent, signalWeights, seen, hidden, isGuest }: ViewerFeatures,
  exclude: readonly string[],
  k: number,
): Result<RankedList, string> {
  const weights = isGuest ? model.sessionWeights : model.weights;
  const stored = new Map(columns.map((column) => [column.name, column]));
  const lacking = OF_THE_STREAM.find((name) => (weights[name] ?? 0) > 0 && !stored.has(name));
  if (lacking !== undefined) return err(`run ${model.runId} ranks by ${lacking}, which this slate did not`);
  // Candidates come first, so that rows are slots.
  const table = new ItemTable();
  for (const itemId of itemIds) table.intern(itemId);
  const index = new PopularityIndex(table, itemIds.length);
  const popularity = stored.get("decayed_popularity")?.values ?? [];
  index.replace(
    itemIds.map((itemId, row) => ({ itemId, score: popularity[row] ?? 0 })).filter(({ score }) => score > 0),
  );
  const placed = placeModel(model, table);
  const slotsOf = (ids: readonly string[]) => ids.map((itemId) => table.intern(itemId));
  const unwanted = slotsOf([...seen, ...hidden, ...exclude]);
  const sources = createSources().map((source) =>
    STORED.has(source.name) ? storedSource(source.name, stored.get(source.name)) : source,
  );
  const scratch = new TrainedScratch(sources);
  const signals = signalWeights ?? recent.map(() => SIGNAL_WEIGHT.view);
  const input = {
    placed,
    index,
    neighbours: [],
    recent: new Weigher(objectivesOf(model)).weigh({ slots: slotsOf(recent), weights: signals }),
    unwanted,
    hidden: NOTHING_HIDDEN,
    k,
  };
  return ok(scratch.rank(input, weights));
}

const storedSource = (name: Source["name"], column: FeatureColumn | undefined): Source => ({
  name,
  score(_, into) {
    for (const [row, value] of (column?.values ?? []).entries()) if (value > 0) into.add(row, value);
  },
});
