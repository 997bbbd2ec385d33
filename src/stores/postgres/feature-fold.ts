/** Adds interactions to `events` and brings the features to what a fold over all of `events` gives. */

import { ruleDeltas } from "../../events/fold-rules.ts";
import { transitionDeltas } from "../../events/fold-transitions.ts";
import type { Interaction } from "../../events/model.ts";
import type { FeatureChange } from "../../events/ports.ts";
import { STREAM_COLLISION_PREFIX } from "./event-origin.ts";
import { heldByDirect, insertEvents, lockUsers, surroundingsOf } from "./feature-fold-events.ts";
import { placeInteractions } from "./feature-fold-places.ts";
import { writeFeatures } from "./feature-fold-writes.ts";
import type { Transaction } from "./pool-types.ts";
import { sentTogether } from "./sent-together.ts";

/** History length that `/event` keeps. */
export const DIRECT_HISTORY_SIZE = 20;

const NO_CHANGE: FeatureChange = {
  userIds: [],
  itemIds: [],
  relatedItemIds: [],
  ruleItemIds: [],
  eventIds: [],
};

/** With this many prefixes an id is longer than any that a client can choose for `/event`. */
const MAX_COLLISIONS = 10;

export interface AppliedInteractions {
  /** Aligned with the interactions; false where the event id was known. */
  readonly applied: readonly boolean[];
  readonly changed: FeatureChange;
}

/**
 * Stores `interactions`, given in order of arrival, with their effect on all features.
 * Known event ids change nothing. Safe beside other writers: users stay locked until `tx` ends, and rows are taken
 * in one order. Every writer of `events` must come through here. Made for 100 to 1000 interactions a call.
 */
export async function applyInteractions(
  tx: Transaction,
  interactions: readonly Interaction[],
  historySize: number,
): Promise<AppliedInteractions> {
  if (interactions.length === 0) return { applied: [], changed: NO_CHANGE };
  // Sent together, run in this order: the later statements see what was committed before the locks were free.
  const [, surroundings, inserted] = await sentTogether([
    lockUsers(
      tx,
      interactions.map(({ userId }) => userId),
    ),
    surroundingsOf(tx, interactions),
    insertEvents(tx, interactions, ""),
  ]);
  const arrived = newIndexes(interactions, inserted);
  arrived.push(...(await storeCollided(tx, interactions, new Set(arrived))));
  const placed = await placeInteractions(
    tx,
    arrived.map((index) => ({
      interaction: interactions[index] as Interaction,
      around: surroundings[index] ?? [],
    })),
  );
  const fresh = placed.map(({ interaction }) => interaction);
  const transitions = transitionDeltas(placed);
  const rules = ruleDeltas(placed);
  const itemIds = await writeFeatures(tx, fresh, { transitions, rules }, historySize);
  const isNew = new Set(arrived);
  return {
    applied: interactions.map((_, index) => isNew.has(index)),
    changed: {
      userIds: [...new Set(fresh.map(({ userId }) => userId))],
      itemIds,
      relatedItemIds: [...new Set(transitions.map(({ previousItemId }) => previousItemId))],
      ruleItemIds: [...new Set(rules.map(({ previousItemId }) => previousItemId))],
      eventIds: interactions.map(({ eventId }) => eventId),
      ...(fresh.length > 0 && { oldestTsMs: Math.min(...fresh.map(({ tsMs }) => tsMs)) }),
    },
  };
}

/** Indexes of the interactions whose ids were stored: of equal ids the first one. */
function newIndexes(interactions: readonly Interaction[], inserted: ReadonlySet<string>): number[] {
  const left = new Set(inserted);
  return interactions.flatMap(({ eventId }, index) => (left.delete(eventId) ? [index] : []));
}

/**
 * Stores stream interactions whose id a client had used for `/event` under a longer id, and answers their indexes.
 * They arrive after the rest of the chunk, as their row ids say.
 */
async function storeCollided(
  tx: Transaction,
  interactions: readonly Interaction[],
  stored: ReadonlySet<number>,
): Promise<number[]> {
  const arrived: number[] = [];
  const waiting = new Map<string, number>();
  for (const [index, { origin, eventId }] of interactions.entries()) {
    if (origin === "stream" && !stored.has(index) && !waiting.has(eventId)) waiting.set(eventId, index);
  }
  let prefix = "";
  for (let turn = 0; turn < MAX_COLLISIONS && waiting.size > 0; turn++) {
    const held = await heldByDirect(
      tx,
      [...waiting.keys()].map((eventId) => prefix + eventId),
    );
    for (const eventId of waiting.keys()) if (!held.has(prefix + eventId)) waiting.delete(eventId);
    if (waiting.size === 0) break;
    prefix += STREAM_COLLISION_PREFIX;
    const collided = [...waiting.values()].map((index) => interactions[index] as Interaction);
    for (const eventId of await insertEvents(tx, collided, prefix)) {
      arrived.push(waiting.get(eventId) as number);
      waiting.delete(eventId);
    }
  }
  return arrived;
}
