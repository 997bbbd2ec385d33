/** The orders in which folds walk and write. */

import type { Interaction } from "./model.ts";

/** Per user, sorted by event time; the sort is stable, so ties stay in order of arrival. */
export function inTimeOrder(interactions: readonly Interaction[]): Map<string, Interaction[]> {
  const users = Map.groupBy(interactions, ({ userId }) => userId);
  for (const events of users.values()) events.sort((a, b) => a.tsMs - b.tsMs);
  return users;
}

/** Sorts entries by their key. All writers of a table take its rows in this order, so that they never deadlock. */
export const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) =>
  a < b ? -1 : a > b ? 1 : 0;

/** previous item -> next item -> what is known of the pair. */
export type PairMap<V> = Map<string, Map<string, V>>;

export function successorsOf<V>(pairs: PairMap<V>, itemId: string): Map<string, V> {
  const known = pairs.get(itemId);
  if (known) return known;
  const successors = new Map<string, V>();
  pairs.set(itemId, successors);
  return successors;
}

/** All pairs, by previous item, then next item. */
export function sortedPairs<V>(pairs: PairMap<V>): (readonly [previous: string, next: string, value: V])[] {
  return [...pairs]
    .sort(byKey)
    .flatMap(([previous, successors]) =>
      [...successors].sort(byKey).map(([next, value]) => [previous, next, value] as const),
    );
}
