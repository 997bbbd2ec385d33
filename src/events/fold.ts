/** What interactions add up to: the reference reducer, and the deltas that reach the same features one chunk at a time. */

import { type Interaction, SIGNAL_WEIGHT } from "./model.ts";

export interface HistoryItem {
  readonly itemId: string;
  readonly tsMs: number;
}

/** previous item -> next item -> how many neighbouring pairs count. */
export type TransitionCounts = Map<string, Map<string, number>>;

export interface Features {
  /** item -> sum of signal weights. */
  readonly popularity: Map<string, number>;
  /** user -> newest items, oldest first. */
  readonly history: Map<string, HistoryItem[]>;
  readonly transitions: TransitionCounts;
}

/** A stored event beside a new one; `key` names its row. */
export interface Neighbour {
  readonly key: string;
  readonly itemId: string;
}

export interface LaterNeighbour extends Neighbour {
  readonly origin: Interaction["origin"];
}

/**
 * A new interaction and the stored events around it: `previous` is the last one at or before its time (a tie goes
 * to the earlier arrival), `next` the first one after it. Other new interactions are not neighbours here.
 */
export interface PlacedInteraction {
  readonly interaction: Interaction;
  readonly previous: Neighbour | null;
  readonly next: LaterNeighbour | null;
}

export interface PopularityDelta {
  readonly itemId: string;
  readonly delta: number;
}

export interface TransitionDelta {
  readonly previousItemId: string;
  readonly nextItemId: string;
  readonly delta: number;
}

export interface HistoryAddition extends HistoryItem {
  readonly userId: string;
  /** 1-based arrival order among the user's additions. */
  readonly rank: number;
}

type Earlier = Pick<Interaction, "itemId">;
type Later = Pick<Interaction, "itemId" | "origin">;

/** A repeat of the same item is a transition only when the later event came from `/event`. */
const counts = (earlier: Earlier, later: Later) =>
  later.origin === "direct" || earlier.itemId !== later.itemId;

/**
 * Features of `interactions`, given in order of arrival; a repeated event id changes nothing.
 * History keeps the newest `historySize` items of each user by (event time, arrival).
 */
export function foldInteractions(interactions: readonly Interaction[], historySize: number): Features {
  const first = new Map<string, Interaction>();
  for (const each of interactions) if (!first.has(each.eventId)) first.set(each.eventId, each);
  const features: Features = { popularity: new Map(), history: new Map(), transitions: new Map() };
  for (const { itemId, delta } of popularityDeltas([...first.values()]))
    features.popularity.set(itemId, delta);
  for (const [userId, events] of inTimeOrder([...first.values()])) {
    features.history.set(
      userId,
      events.slice(-historySize).map(({ itemId, tsMs }) => ({ itemId, tsMs })),
    );
    for (const [index, later] of events.entries()) {
      const earlier = events[index - 1];
      if (earlier) countPair(features.transitions, earlier, later, 1);
    }
  }
  return features;
}

/** Weights of new interactions, summed per item, in item order. */
export function popularityDeltas(interactions: readonly Interaction[]): readonly PopularityDelta[] {
  const sums = new Map<string, number>();
  for (const { itemId, signal } of interactions) {
    sums.set(itemId, (sums.get(itemId) ?? 0) + SIGNAL_WEIGHT[signal]);
  }
  return [...sums].sort(byFirst).map(([itemId, delta]) => ({ itemId, delta }));
}

/**
 * Changes of the transition counts when `placed`, given in order of arrival, joins the stored events: summed per
 * pair, without zeros, in (previous item, next item) order. Neighbours that share a gap are chained inside it.
 */
export function transitionDeltas(placed: readonly PlacedInteraction[]): readonly TransitionDelta[] {
  const changes: TransitionCounts = new Map();
  const byInteraction = new Map(placed.map((each) => [each.interaction, each]));
  for (const events of inTimeOrder(placed.map(({ interaction }) => interaction)).values()) {
    let before: PlacedInteraction | null = null;
    for (const interaction of events) {
      const here = byInteraction.get(interaction) as PlacedInteraction;
      if (before !== null && sameGap(before, here)) countPair(changes, before.interaction, interaction, 1);
      else {
        closeGap(changes, before);
        openGap(changes, here);
      }
      before = here;
    }
    closeGap(changes, before);
  }
  return sortedTransitions(changes);
}

/** The interactions that can be among their user's newest `historySize`, in order of arrival. */
export function historyAdditions(
  interactions: readonly Interaction[],
  historySize: number,
): readonly HistoryAddition[] {
  const kept = new Set<Interaction>();
  for (const events of inTimeOrder(interactions).values()) {
    for (const each of events.slice(-historySize)) kept.add(each);
  }
  const ranks = new Map<string, number>();
  return interactions
    .filter((each) => kept.has(each))
    .map(({ userId, itemId, tsMs }) => {
      const rank = (ranks.get(userId) ?? 0) + 1;
      ranks.set(userId, rank);
      return { userId, itemId, tsMs, rank };
    });
}

const sameGap = (a: PlacedInteraction, b: PlacedInteraction) =>
  a.previous?.key === b.previous?.key && a.next?.key === b.next?.key;

function openGap(changes: TransitionCounts, { interaction, previous, next }: PlacedInteraction): void {
  if (previous === null) return;
  countPair(changes, previous, interaction, 1);
  if (next !== null) countPair(changes, previous, next, -1);
}

function closeGap(changes: TransitionCounts, last: PlacedInteraction | null): void {
  if (last?.next) countPair(changes, last.interaction, last.next, 1);
}

function countPair(into: TransitionCounts, earlier: Earlier, later: Later, delta: number): void {
  if (!counts(earlier, later)) return;
  const successors = into.get(earlier.itemId) ?? new Map<string, number>();
  into.set(earlier.itemId, successors);
  successors.set(later.itemId, (successors.get(later.itemId) ?? 0) + delta);
}

/** Per user, sorted by event time; the sort is stable, so ties stay in order of arrival. */
function inTimeOrder(interactions: readonly Interaction[]): Map<string, Interaction[]> {
  const users = Map.groupBy(interactions, ({ userId }) => userId);
  for (const events of users.values()) events.sort((a, b) => a.tsMs - b.tsMs);
  return users;
}

function sortedTransitions(changes: TransitionCounts): readonly TransitionDelta[] {
  return [...changes].sort(byFirst).flatMap(([previousItemId, successors]) =>
    [...successors]
      .filter(([, delta]) => delta !== 0)
      .sort(byFirst)
      .map(([nextItemId, delta]) => ({ previousItemId, nextItemId, delta })),
  );
}

const byFirst = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);
