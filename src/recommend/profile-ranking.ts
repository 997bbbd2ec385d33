/** The way that policies with profiles share: the kept list where it still holds, else a blend of what is read. */

import { chain, type MaybePromise } from "../core/maybe-promise.ts";
import type { NeighbourList } from "./neighbour-list.ts";
import type { Cut, Depth, Ranked } from "./policy.ts";
import type { RankedList } from "./ranked-list.ts";
import type { RecoRequest } from "./recommender.ts";
import type { RequestReads } from "./request-reads.ts";
import type { ServingState } from "./serving-state.ts";
import { newestItems } from "./user-profile.ts";
import { findViewer, type Viewer } from "./viewer.ts";

export type Neighbours = readonly (NeighbourList | undefined)[];

/**
 * The request comes without what its viewer hides, the neighbours in the order of `newest`: the newest distinct items,
 * newest first. Null when there is nothing to go by.
 */
export type Blend = (
  viewer: Viewer,
  request: RecoRequest,
  neighbours: Neighbours,
  depth: Depth,
  newest: readonly string[],
  /** Of `candidates`: no more are wanted. */
  most: number,
) => Ranked | null;

export function rankByProfile(
  state: ServingState,
  blend: Blend,
  asked: RecoRequest,
  reads: RequestReads,
  depth: Depth,
  cut: Cut | null = null,
): MaybePromise<Ranked | null> {
  return chain(findViewer(state, asked, reads), (viewer) =>
    rankFor(state, blend, viewer, asked, reads, depth, cut),
  );
}

function rankFor(
  { stream, rankedLists, visibility }: ServingState,
  blend: Blend,
  viewer: Viewer,
  asked: RecoRequest,
  reads: RequestReads,
  depth: Depth,
  cut: Cut | null,
): MaybePromise<Ranked | null> {
  const { cached, overlay, profile } = viewer;
  const request = visibility.wanted(asked, viewer.hidden);
  const { k, isStored } = request;
  const isPlain = (depth === "slate" || cut !== null) && request.exclude.size === 0 && overlay.length === 0;
  const keepable = isPlain ? cached : null;
  const madeFor = { k, rows: cut?.rows ?? k, by: blend };
  const kept = keepable && rankedLists.find(keepable, madeFor, isStored);
  if (kept) return { list: kept, rankingMs: 0, isKept: true };
  const newest = newestItems(profile, overlay);
  const most = cut?.candidates ?? Number.POSITIVE_INFINITY;
  return chain(reads.values(stream.neighbours, newest, "database_query"), (neighbours) =>
    chain(reads.knows(stream.popularity), (isKnown) => {
      const ranked = isKnown ? blend(viewer, request, neighbours, depth, newest, most) : null;
      // What somebody unknown gets is popularity alone, which is to be fresh, and is kept elsewhere.
      if (!keepable || !ranked || newest.length === 0 || reads.cause !== null) return ranked;
      const keep = (list: RankedList) => rankedLists.keep(keepable, madeFor, list);
      if (cut !== null) return { ...ranked, keep };
      keep(ranked.list);
      return ranked;
    }),
  );
}
