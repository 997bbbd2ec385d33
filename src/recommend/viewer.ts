/** Finds whose events a request is answered by, and what must not be in the answer. */

import { chain, type MaybePromise } from "../core/maybe-promise.ts";
import type { ItemTable } from "./item-table.ts";
import { overlayOf } from "./overlay.ts";
import type { ProfileEntry } from "./ports.ts";
import type { RecoRequest } from "./recommender.ts";
import type { RequestReads } from "./request-reads.ts";
import type { ServingState } from "./serving-state.ts";
import type { SlotList } from "./stream-v1.ts";
import { emptyProfile, profileInTable, type UserProfile } from "./user-profile.ts";

/** A guest's events carry this before the session id as their user id. */
const GUEST_PREFIX = "session:";
const guestOf = (sessionId: string): string => GUEST_PREFIX + sessionId;
export const isGuest = (userId: string): boolean => userId.startsWith(GUEST_PREFIX);

/** Who may have hidden items from this answer: the user, and the guest of the session. */
export const viewersOf = ({ userId, sessionId }: Pick<RecoRequest, "userId" | "sessionId">): string[] =>
  sessionId === null ? [userId] : [userId, guestOf(sessionId)];

/** Whose events the answer goes by. */
export interface Viewer {
  readonly profile: UserProfile;
  readonly overlay: readonly ProfileEntry[];
  /** The profile as it is cached; null when it could not be read. */
  readonly cached: UserProfile | null;
  /** Items that the user does not want to see. */
  readonly hidden: readonly string[];
  /** The events are those of one session. */
  readonly isGuest: boolean;
}

/** A user without any events is seen as the guest of the session. */
export function findViewer(
  state: ServingState,
  request: RecoRequest,
  reads: RequestReads,
): MaybePromise<Viewer> {
  return chain(viewerOf(state, request.userId, request.sessionEvents, reads), (user) => {
    if (request.sessionId === null || user.profile.slots.length > 0 || user.overlay.length > 0) return user;
    const guestId = guestOf(request.sessionId);
    if (guestId === request.userId) return user;
    return chain(viewerOf(state, guestId, undefined, reads), (guest) => ({
      ...guest,
      hidden: [...user.hidden, ...guest.hidden],
    }));
  });
}

function viewerOf(
  { stream, overlay, visibility }: ServingState,
  userId: string,
  sessionEvents: readonly ProfileEntry[] | undefined,
  reads: RequestReads,
): MaybePromise<Viewer> {
  const stored = reads.pair(stream.profiles, visibility.ofUsers, userId, "feature_fetch");
  return chain(stored, ([cached = null, hidden = []]) => {
    const profile = cached ?? emptyProfile(stream.popularity.table);
    return {
      profile,
      overlay: overlayOf(overlay, userId, sessionEvents),
      cached,
      hidden,
      isGuest: isGuest(userId),
    };
  });
}

/** What the caller excludes, in `table`'s numbers; -1 is no item. */
export const excludedSlots = ({ exclude }: RecoRequest, table: ItemTable): SlotList =>
  Array.from(exclude, (itemId) => table.slotOf(itemId));

/** That, and what the user saw. */
export function unwantedSlots(
  { profile, overlay }: Viewer,
  { exclude }: RecoRequest,
  table: ItemTable,
): SlotList {
  const { slots } = profileInTable(profile, table);
  if (overlay.length === 0 && exclude.size === 0) return slots;
  const others = [...overlay.map(({ itemId }) => itemId), ...exclude];
  return [...slots, ...others.map((itemId) => table.slotOf(itemId))];
}
