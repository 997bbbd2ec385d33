/** The streaming policy `stream-v1`: profile, neighbours and popularity brought together for one request. */

import type { Clock } from "../core/clock.ts";
import { chain, type MaybePromise } from "../core/maybe-promise.ts";
import { ColdStarts } from "./cold-start.ts";
import { type NeighbourList, neighboursInTable } from "./neighbour-list.ts";
import { overlayOf } from "./overlay.ts";
import type { Depth, Policy, Ranked } from "./policy.ts";
import type { RankedList } from "./ranked-list.ts";
import type { RecoRequest } from "./recommender.ts";
import type { RequestReads } from "./request-reads.ts";
import type { ServingState } from "./serving-state.ts";
import { MAX_CANDIDATES, StreamScratch, WIDE_POPULAR_CANDIDATES } from "./stream-v1.ts";
import { emptyProfile, newestItems } from "./user-profile.ts";
import { findViewer, unwantedSlots, type Viewer, viewersOf } from "./viewer.ts";

type Neighbours = readonly (NeighbourList | undefined)[];

export function streamPolicy(state: ServingState, clock: Clock): Policy {
  const { stream, rankedLists, visibility } = state;
  const { popularity } = stream;
  const scratch = new StreamScratch();
  const coldStarts = new ColdStarts((slot) => stream.categoryOf(slot));

  const rankFor = (
    viewer: Viewer,
    asked: RecoRequest,
    reads: RequestReads,
    depth: Depth,
  ): MaybePromise<Ranked | null> => {
    const { cached, overlay, profile } = viewer;
    const request = visibility.wanted(asked, viewer.hidden);
    const keepable =
      depth === "slate" && cached !== null && request.exclude.size === 0 && overlay.length === 0
        ? cached
        : null;
    const kept = keepable && rankedLists.find(keepable, request.k);
    if (kept) return { list: kept, rankingMs: 0 };
    const newest = newestItems(profile, overlay);
    return chain(reads.values(stream.neighbours, newest, "database_query"), (neighbours) =>
      chain(reads.knows(popularity), (isKnown) => {
        const ranked = isKnown ? blend(viewer, request, neighbours, depth) : null;
        // What somebody unknown gets is popularity alone, which is to be fresh, and is kept elsewhere.
        const isKept = keepable && ranked && newest.length > 0 && reads.cause === null;
        if (isKept) rankedLists.keep(keepable, request.k, ranked.list);
        return ranked;
      }),
    );
  };

  const blend = (
    viewer: Viewer,
    request: RecoRequest,
    neighbours: Neighbours,
    depth: Depth,
  ): Ranked | null => {
    const index = popularity.current();
    const sources = neighbours.map((list) => (list ? neighboursInTable(list, index.table) : null));
    if (index.size === 0 && sources.every((list) => !list || list.slots.length === 0)) return null;
    const startedMs = clock.monotonicMs();
    const unwanted = unwantedSlots(viewer, request, index.table);
    const hidden = visibility.items.inTable(index.table);
    const list =
      neighbours.length === 0
        ? coldStarts.list(index, new Set(unwanted), hidden, coldLength(request, depth))
        : scratch.rank({
            index,
            sources,
            unwanted,
            hidden,
            k: depth === "slate" ? request.k : MAX_CANDIDATES,
            ...(depth === "wide" && { popularCandidates: WIDE_POPULAR_CANDIDATES }),
          });
    return { list, rankingMs: clock.monotonicMs() - startedMs };
  };

  return {
    label: { name: "builtin:stream-v1", variant: "primary" },
    modelVersion: "stream-v1",
    strategy: "seq_rules_blend",
    boosts: true,
    rank: (request, reads, depth) =>
      chain(findViewer(state, request, reads), (viewer) => rankFor(viewer, request, reads, depth)),
    popular: (request, depth) => popular(state, request, depth, coldStarts),
  };
}

/** A list for somebody unknown costs its length times the categories, so its depth has limits of its own. */
export const coldLength = ({ k }: RecoRequest, depth: Depth): number =>
  depth === "slate" ? k : depth === "candidates" ? Math.max(k, 200) : 1_000;

/** What is popular now, from memory alone: all policies that go by decayed popularity answer it in need. */
export function popular(
  { popularity, stream, overlay, visibility }: ServingState,
  asked: RecoRequest,
  depth: Depth,
  coldStarts: ColdStarts,
): RankedList {
  const request = visibility.wanted(asked, visibility.knownOf(viewersOf(asked)));
  const index = popularity.current();
  const known = stream.profiles.stale(request.userId) ?? emptyProfile(index.table);
  const viewer = {
    profile: known,
    overlay: overlayOf(overlay, request.userId, request.sessionEvents),
    cached: null,
    hidden: [],
    isGuest: false,
  };
  const unwanted = new Set(unwantedSlots(viewer, request, index.table));
  return coldStarts.list(index, unwanted, visibility.items.inTable(index.table), coldLength(request, depth));
}
