/** The trained policy: a run's model, and what the stream has learned since, brought together for one request. */

import type { Clock } from "../core/clock.ts";
import { ColdStarts } from "./cold-start.ts";
import type { ItemTable } from "./item-table.ts";
import { latestScores } from "./latest-scores.ts";
import { neighboursInTable } from "./neighbour-list.ts";
import type { Policy, PolicyLabel } from "./policy.ts";
import { type Blend, rankByProfile } from "./profile-ranking.ts";
import { rankingOf } from "./ranking-rules.ts";
import { returningItems } from "./returning.ts";
import type { PolicyRules, RunRules } from "./serving-rules.ts";
import type { ServingState } from "./serving-state.ts";
import { withBasis } from "./slates/with-basis.ts";
import { coldDepth, popular } from "./stream-policy.ts";
import { WIDE_POPULAR_CANDIDATES } from "./stream-v1.ts";
import type { GivenSource, TrainedInput } from "./trained-input.ts";
import { type PlacedModel, placeModel, type TrainedModel } from "./trained-model.ts";
import { MOST_CANDIDATES, TrainedScratch } from "./trained-scratch.ts";
import { profileInTable, recentInteractions } from "./user-profile.ts";
import { excludedSlots, unwantedSlots } from "./viewer.ts";

/** A run as it serves: what it learned, and what its policy document says of slates. */
export interface ServedRun extends RunRules {
  readonly model: TrainedModel;
}

export function trainedPolicy(
  state: ServingState,
  clock: Clock,
  { model, surfaces, ...common }: ServedRun,
  label: PolicyLabel,
): Policy {
  const { stream, visibility } = state;
  const { popularity } = stream;
  const scratch = new TrainedScratch();
  const coldStarts = new ColdStarts((slot) => stream.categoryOf(slot));
  const placedIn = placer(model, (count) => popularity.noteModelItems(count));
  placedIn(popularity.table); // Before the first request, which would wait for it.

  const blendBy = ({ rules: { replaySeen }, ranking }: PolicyRules): Blend => {
    const { weights, sessionWeights, weigher } = rankingOf(model, ranking ?? {});
    const counts = (name: GivenSource) => (weights[name] ?? 0) + (sessionWeights[name] ?? 0) > 0;
    const [countsTrending, countsLatest] = [counts("trending"), counts("latest")];
    return (viewer, request, neighbours, depth, newest, most) => {
      const startedMs = clock.monotonicMs();
      const index = popularity.current();
      const profile = profileInTable(viewer.profile, index.table);
      const recent = recentInteractions(profile, viewer.overlay);
      const knowsNothing = recent.slots.length === 0;
      if (index.size === 0 && knowsNothing) return null;
      const newItems = state.newItems.scores(newest, index.table);
      const { table } = index;
      const unwanted = replaySeen ? excludedSlots(request, table) : unwantedSlots(viewer, request, table);
      const hidden = visibility.items.inTable(index.table);
      const input: TrainedInput = {
        placed: placedIn(index.table),
        index,
        neighbours: neighbours.map((list) => (list ? neighboursInTable(list, index.table) : null)),
        recent: weigher.weigh(recent),
        ...(viewer.cached && viewer.overlay.length === 0 && { profile: viewer.cached }),
        given: {
          ...(countsTrending && { trending: state.trending.in(table) }),
          ...(countsLatest && { latest: latestScores(state.cards.newest, table, clock.nowMs()) }),
        },
        unwanted,
        hidden,
        newItems,
        k: depth === "slate" ? request.k : Math.min(most, MOST_CANDIDATES),
        ...(request.isStored && { isStored: true }),
        ...(depth === "wide" && { popularCandidates: WIDE_POPULAR_CANDIDATES }),
      };
      const list = knowsNothing
        ? coldStarts.list(index, new Set(unwanted), hidden, coldDepth(request, depth), request.isStored)
        : scratch.rank(input, viewer.isGuest ? sessionWeights : weights);
      // Numbers are for whoever refines the list.
      const { numbers: _, ...slate } = list;
      const shown = withBasis(depth === "slate" ? slate : list, viewer);
      const ranked = { list: shown, rankingMs: clock.monotonicMs() - startedMs };
      if (replaySeen === null) return ranked;
      const { itemIds } = list;
      const { profile: whole, overlay } = viewer;
      const taken = { itemIds, table, profile: whole, overlay, rules: replaySeen, nowMs: clock.nowMs() };
      return { ...ranked, returning: returningItems(taken) };
    };
  };

  const policyBy = (own: PolicyRules): Policy => {
    const blend = blendBy(own);
    return {
      label,
      modelVersion: `${model.strategy}-${model.runId as `${string}_${string}`}`,
      strategy: model.strategy,
      boosts: true,
      rules: own.rules,
      rank: (request, reads, depth, cut) => rankByProfile(state, blend, request, reads, depth, cut),
      popular: (request, depth) => popular(state, request, depth, coldStarts),
    };
  };
  const ofSurfaces = Array.from(surfaces, ([name, rules]) => [name, policyBy(rules)] as const);
  return { ...policyBy(common), surfaces: new Map(ofSurfaces) };
}

/**
 * Remembers the model's place in the table that is in use; the owner starts a new table when one has grown too large, and hears how
 * many items of it are the model's.
 */
function placer(
  model: TrainedModel,
  onPlaced: (newItems: number) => void,
): (table: ItemTable) => PlacedModel {
  let placed: PlacedModel | null = null;
  return (table) => {
    if (placed?.table === table) return placed;
    const before = table.size;
    placed = placeModel(model, table);
    onPlaced(table.size - before);
    return placed;
  };
}
