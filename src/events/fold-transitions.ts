/** Co-visitation: which item directly follows which, and how new events change that. */

import { inTimeOrder, type PairMap, sortedPairs, successorsOf } from "./fold-order.ts";
import type { Interaction } from "./model.ts";

/** previous item -> next item -> how many neighbouring pairs count. */
export type TransitionCounts = PairMap<number>;

/** A stored event beside a new one; `id` is that of its row. */
export interface Neighbour {
  readonly id: number;
  readonly itemId: string;
}

export interface LaterNeighbour extends Neighbour {
  readonly origin: Interaction["origin"];
}

/**
 * A new interaction and the stored events around it: `previous` is the last one at or before its time (a tie goes
 * to the earlier arrival), `next` the first one after it. Other new interactions are not neighbours here.
 */
export interface GapInteraction {
  readonly interaction: Interaction;
  readonly previous: Neighbour | null;
  readonly next: LaterNeighbour | null;
}

export interface TransitionDelta {
  readonly previousItemId: string;
  readonly nextItemId: string;
  readonly delta: number;
}

type Earlier = Pick<Interaction, "itemId">;
type Later = Pick<Interaction, "itemId" | "origin">;

/** A repeat of the same item is a transition only when the later event came from `/event`. */
const counts = (earlier: Earlier, later: Later) =>
  later.origin === "direct" || earlier.itemId !== later.itemId;

/** Adds the neighbouring pairs of one user's events, given in time order. */
export function countTransitions(into: TransitionCounts, events: readonly Interaction[]): void {
  for (const [index, later] of events.entries()) {
    const earlier = events[index - 1];
    if (earlier) countPair(into, earlier, later, 1);
  }
}

/**
 * Changes of the transition counts when `placed`, given in order of arrival, joins the stored events: summed per
 * pair, without zeros, in (previous item, next item) order. Neighbours that share a gap are chained inside it.
 */
export function transitionDeltas(placed: readonly GapInteraction[]): readonly TransitionDelta[] {
  const changes: TransitionCounts = new Map();
  const byInteraction = new Map(placed.map((each) => [each.interaction, each]));
  for (const events of inTimeOrder(placed.map(({ interaction }) => interaction)).values()) {
    let before: GapInteraction | null = null;
    for (const interaction of events) {
      const here = byInteraction.get(interaction) as GapInteraction;
      if (before !== null && sameGap(before, here)) countPair(changes, before.interaction, interaction, 1);
      else {
        closeGap(changes, before);
        openGap(changes, here);
      }
      before = here;
    }
    closeGap(changes, before);
  }
  return sortedPairs(changes).flatMap(([previousItemId, nextItemId, delta]) =>
    delta === 0 ? [] : [{ previousItemId, nextItemId, delta }],
  );
}

const sameGap = (a: GapInteraction, b: GapInteraction) =>
  a.previous?.id === b.previous?.id && a.next?.id === b.next?.id;

function openGap(changes: TransitionCounts, { interaction, previous, next }: GapInteraction): void {
  if (previous === null) return;
  countPair(changes, previous, interaction, 1);
  if (next !== null) countPair(changes, previous, next, -1);
}

function closeGap(changes: TransitionCounts, last: GapInteraction | null): void {
  if (last?.next) countPair(changes, last.interaction, last.next, 1);
}

function countPair(into: TransitionCounts, earlier: Earlier, later: Later, delta: number): void {
  if (!counts(earlier, later)) return;
  const successors = successorsOf(into, earlier.itemId);
  successors.set(later.itemId, (successors.get(later.itemId) ?? 0) + delta);
}
