/** Tells the http actors which cached state a commit made old. */

import type { FeatureChange } from "../events/ports.ts";
import type { Peer } from "../supervisor/actor.ts";
import type { HttpMessage } from "./http-message.ts";

/** Ids of one kind in a message. What does not fit is found out by the caches' time to live. */
const MAX_IDS = 1000;

/** Never waits: an http actor with a full mailbox misses this hint. */
export function tellApplied(peers: readonly Peer<HttpMessage>[], change: FeatureChange): void {
  const message = bounded(change);
  if (message.userIds.length + message.itemIds.length + message.eventIds.length === 0) return;
  for (const peer of peers) peer.offer({ kind: "applied", change: message });
}

const bounded = (change: FeatureChange): FeatureChange => ({
  ...change,
  userIds: change.userIds.slice(0, MAX_IDS),
  itemIds: change.itemIds.slice(0, MAX_IDS),
  relatedItemIds: change.relatedItemIds.slice(0, MAX_IDS),
  ruleItemIds: change.ruleItemIds.slice(0, MAX_IDS),
  eventIds: change.eventIds.slice(0, MAX_IDS),
});
