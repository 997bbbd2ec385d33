/** Makes a slate again, by its own policy or by another one, and compares. Nothing of what serves now is looked at. */

import { err, ok, type Result } from "../../core/result.ts";
import type { RankedList } from "../ranked-list.ts";
import { STREAM_WEIGHTS } from "../stream-v1.ts";
import type { TrainedModel } from "../trained-model.ts";
import type { CandidateFeatures, SlateFeatures } from "./features.ts";
import { recompute } from "./recompute.ts";
import { rerank } from "./rerank.ts";
import { rankByModel } from "./rerank-trained.ts";
import type { ServedSlate, StoredSlate } from "./slate.ts";

/** Who ranks: the policy that the slate names, a built-in one, or a run. */
export type ReplayPolicy =
  | { readonly kind: "stored" }
  | { readonly kind: "rules-v1" }
  | { readonly kind: "stream-v1" }
  | { readonly kind: "trained"; readonly model: TrainedModel };

interface ReplayedItem {
  readonly item_id: string;
  readonly score: number;
  readonly propensity: number;
}

export interface Replay {
  /** Items, scores and propensities, bit by bit. */
  readonly identical: boolean;
  readonly stored: readonly ReplayedItem[];
  readonly replayed: readonly ReplayedItem[];
  readonly differences: readonly {
    readonly position: number;
    readonly stored: ReplayedItem | null;
    readonly replayed: ReplayedItem | null;
  }[];
}

/** The error says what is missing for a replay, as the end of a sentence. */
export function replaySlate({ slate, features }: StoredSlate, policy: ReplayPolicy): Result<Replay, string> {
  if (features === "truncated") return err("the features of this slate were too large to be kept");
  if (features === "missing") return slate.items.length === 0 ? ok(compare(slate, [])) : err(MISSING);
  const ranked = rankBy(slate, features, policy);
  if (!ranked.ok) return ranked;
  const { list, exploration } = recompute(features, slate, ranked.value);
  const replayed = list.itemIds.map((itemId, position) => ({
    item_id: itemId,
    score: list.scores[position] as number,
    propensity: exploration?.propensities[position] ?? 1,
  }));
  return ok(compare(slate, replayed));
}

const MISSING = "the features of this slate were not kept";

function rankBy(
  slate: ServedSlate,
  { candidates, viewer, refined }: SlateFeatures,
  policy: ReplayPolicy,
): Result<RankedList, string> {
  if (policy.kind === "stored") return ok(rerank(candidates));
  const { ranking, length } = candidates;
  const isOfRules = ranking === "rules" || ranking === "popular";
  if (policy.kind === "rules-v1") return isOfRules ? ok(rerank(candidates)) : err(otherFeatures("rules-v1"));
  if (isOfRules) return err(otherFeatures(policy.kind));
  // Policies with profiles answer somebody unknown alike.
  if (ranking === "cold_start") return ok(rerank(candidates));
  if (policy.kind === "stream-v1") return blendAnew(candidates);
  const { exclude } = slate.wishes;
  const shown = refined?.returning ? { ...viewer, seen: [] } : viewer;
  return rankByModel(policy.model, candidates, shown, exclude, refined === null ? slate.k : length);
}

const otherFeatures = (policy: string) => `the features of this slate are not those that ${policy} ranks by`;

function blendAnew(candidates: CandidateFeatures): Result<RankedList, string> {
  const weights = {
    sequential_rules: STREAM_WEIGHTS.sequentialRules,
    co_visitation: STREAM_WEIGHTS.coVisitation,
    decayed_popularity: STREAM_WEIGHTS.decayedPopularity,
  };
  const columns = Object.entries(weights).map(([name, weight]) => {
    const column = candidates.columns.find((each) => each.name === name);
    return column && { ...column, weight };
  });
  const known = columns.flatMap((column) => column ?? []);
  if (known.length < columns.length) return err(otherFeatures("stream-v1"));
  return ok(rerank({ ...candidates, columns: known }));
}

function compare(slate: ServedSlate, replayed: readonly ReplayedItem[]): Replay {
  const stored = slate.items.map(({ itemId, score, propensity }) => ({ item_id: itemId, score, propensity }));
  const length = Math.max(stored.length, replayed.length);
  const differences = Array.from({ length }, (_, position) => ({
    position,
    stored: stored[position] ?? null,
    replayed: replayed[position] ?? null,
  })).filter((pair) => !isSame(pair.stored, pair.replayed));
  return { identical: differences.length === 0, stored, replayed, differences };
}

const isSame = (one: ReplayedItem | null, other: ReplayedItem | null) =>
  one?.item_id === other?.item_id && one?.score === other?.score && one?.propensity === other?.propensity;
