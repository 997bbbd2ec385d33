/** Tells of single items what ranking sees to by itself: whether they must not be in an answer. */

import { chain, type MaybePromise } from "../core/maybe-promise.ts";
import { readUser } from "./baseline-policy.ts";
import { HISTORY_LIMIT } from "./baseline-state.ts";
import { mergeHistory, overlayOf } from "./overlay.ts";
import type { Policy } from "./policy.ts";
import type { RecoRequest } from "./recommender.ts";
import type { RequestReads } from "./request-reads.ts";
import type { ServingState } from "./serving-state.ts";
import { findViewer, type Viewer } from "./viewer.ts";

export type IsUnwanted = (itemId: string) => boolean;

/** Hidden items, those that the request excludes, and those that count as seen with this policy, unless they may come back. */
export function unwantedItems(
  state: ServingState,
  { modelVersion, rules: { replaySeen } }: Pick<Policy, "modelVersion" | "rules">,
  request: RecoRequest,
  reads: RequestReads,
): MaybePromise<IsUnwanted> {
  const { visibility, overlay } = state;
  const orSeen =
    (isSeen: IsUnwanted, { exclude }: RecoRequest): IsUnwanted =>
    (itemId) =>
      exclude.has(itemId) || visibility.items.has(itemId) || isSeen(itemId);
  if (modelVersion === "rules-v1") {
    return chain(readUser(state, request, reads), ({ stored = [], request: wanted }) => {
      const shown = overlayOf(overlay, request.userId, request.sessionEvents);
      const seen = new Set(mergeHistory(stored, shown, HISTORY_LIMIT).map(({ itemId }) => itemId));
      return orSeen((itemId) => seen.has(itemId), wanted);
    });
  }
  return chain(findViewer(state, request, reads), (viewer) =>
    orSeen(replaySeen ? () => false : seenBy(viewer), visibility.wanted(request, viewer.hidden)),
  );
}

function seenBy({ profile: { table, slots }, overlay }: Viewer): IsUnwanted {
  const stored = new Set(slots);
  const newest = new Set(overlay.map(({ itemId }) => itemId));
  return (itemId) => newest.has(itemId) || stored.has(table.slotOf(itemId));
}
