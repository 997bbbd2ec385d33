/** The streaming policy `stream-v1`: profile, neighbours and popularity brought together for one request. */

import type { Clock } from "../core/clock.ts";
import { type ColdDepth, ColdStarts, coldCandidates } from "./cold-start.ts";
import { neighboursInTable } from "./neighbour-list.ts";
import { overlayOf } from "./overlay.ts";
import type { Depth, Policy } from "./policy.ts";
import { type Blend, rankByProfile } from "./profile-ranking.ts";
import type { RankedList } from "./ranked-list.ts";
import type { RecoRequest } from "./recommender.ts";
import { PLAIN_RULES } from "./serving-rules.ts";
import type { ServingState } from "./serving-state.ts";
import { withBasis } from "./slates/with-basis.ts";
import { MAX_CANDIDATES, StreamScratch, WIDE_POPULAR_CANDIDATES } from "./stream-v1.ts";
import { emptyProfile } from "./user-profile.ts";
import { unwantedSlots, viewersOf } from "./viewer.ts";

const WIDE_COLD = 1_000;
/** Behind the slate. */
const COLD_RESERVE = 200;

export function streamPolicy(state: ServingState, clock: Clock): Policy {
  const { stream, visibility } = state;
  const { popularity } = stream;
  const scratch = new StreamScratch();
  const coldStarts = new ColdStarts((slot) => stream.categoryOf(slot));

  const blend: Blend = (viewer, request, neighbours, depth, newest, most) => {
    const index = popularity.current();
    const sources = neighbours.map((list) => (list ? neighboursInTable(list, index.table) : null));
    const startedMs = clock.monotonicMs();
    const newItems = state.newItems.scores(newest, index.table);
    const knowsNothing = sources.every((list) => !list || list.slots.length === 0);
    if (index.size === 0 && knowsNothing && newItems.count === 0) return null;
    const unwanted = unwantedSlots(viewer, request, index.table);
    const hidden = visibility.items.inTable(index.table);
    const list =
      neighbours.length === 0
        ? coldStarts.list(index, new Set(unwanted), hidden, coldDepth(request, depth), request.isStored)
        : scratch.rank({
            index,
            sources,
            unwanted,
            hidden,
            newItems,
            k: depth === "slate" ? request.k : Math.min(most, MAX_CANDIDATES),
            ...(request.isStored && { isStored: true }),
            ...(depth === "wide" && { popularCandidates: WIDE_POPULAR_CANDIDATES }),
          });
    return { list: withBasis(list, viewer), rankingMs: clock.monotonicMs() - startedMs };
  };

  return {
    label: { name: "builtin:stream-v1", variant: "primary" },
    modelVersion: "stream-v1",
    strategy: "seq_rules_blend",
    boosts: true,
    rules: PLAIN_RULES,
    rank: (request, reads, depth, cut) => rankByProfile(state, blend, request, reads, depth, cut),
    popular: (request, depth) => popular(state, request, depth, coldStarts),
  };
}

/** A list for somebody unknown is made of the most popular items alone, so its depth has limits of its own. */
export const coldDepth = ({ k }: RecoRequest, depth: Depth): ColdDepth => {
  if (depth === "wide") return { k: WIDE_COLD, candidates: coldCandidates(WIDE_COLD) };
  const candidates = coldCandidates(k);
  return { k: depth === "slate" ? k : Math.min(candidates, k + COLD_RESERVE), candidates };
};

/** What is popular now, from memory alone: all policies that go by decayed popularity answer it in need. */
export function popular(
  { popularity, stream, overlay, visibility }: ServingState,
  asked: RecoRequest,
  depth: Depth,
  coldStarts: ColdStarts,
): RankedList {
  const ownHidden = visibility.knownOf(viewersOf(asked));
  const request = visibility.wanted(asked, ownHidden);
  const index = popularity.current();
  const known = stream.profiles.stale(request.userId) ?? emptyProfile(index.table);
  const viewer = {
    profile: known,
    overlay: overlayOf(overlay, request.userId, request.sessionEvents),
    cached: null,
    hidden: ownHidden,
    isGuest: false,
  };
  const unwanted = new Set(unwantedSlots(viewer, request, index.table));
  const hidden = visibility.items.inTable(index.table);
  const list = coldStarts.list(index, unwanted, hidden, coldDepth(request, depth), request.isStored);
  return withBasis(list, viewer);
}
