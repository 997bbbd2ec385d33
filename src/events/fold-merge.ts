/** How transitions and rules change when two users' events become those of one. */

import { inTimeOrder, sortedPairs } from "./fold-order.ts";
import { addRules, type RuleDelta, type Rules } from "./fold-rules.ts";
import { countTransitions, type TransitionCounts, type TransitionDelta } from "./fold-transitions.ts";
import type { Interaction } from "./model.ts";

export interface PairChanges {
  readonly transitions: readonly TransitionDelta[];
  readonly rules: readonly RuleDelta[];
}

/**
 * `events` are all of both users in order of arrival. The changes are what the fold gives with every event `userId`'s
 * less what it gives with the users apart: without zeros, in (previous item, next item) order.
 */
export function pairChanges(events: readonly Interaction[], userId: string): PairChanges {
  const apart = foldPairs(events);
  const joint = foldPairs(events.map((event) => ({ ...event, userId })));
  return {
    transitions: sortedPairs(joined(joint.transitions, apart.transitions)).flatMap(
      ([previousItemId, nextItemId, { now = 0, before = 0 }]) =>
        now === before ? [] : [{ previousItemId, nextItemId, delta: now - before }],
    ),
    rules: sortedPairs(joined(joint.rules, apart.rules)).flatMap(
      ([previousItemId, nextItemId, { now = NO_RULE, before = NO_RULE }]) => {
        const units = now.units - before.units;
        const count = now.count - before.count;
        return units === 0 && count === 0 ? [] : [{ previousItemId, nextItemId, units, count }];
      },
    ),
  };
}

const NO_RULE = { units: 0, count: 0 };

function foldPairs(events: readonly Interaction[]): { transitions: TransitionCounts; rules: Rules } {
  const transitions: TransitionCounts = new Map();
  const rules: Rules = new Map();
  for (const own of inTimeOrder(events).values()) {
    countTransitions(transitions, own);
    addRules(rules, own);
  }
  return { transitions, rules };
}

interface Change<V> {
  now?: V;
  before?: V;
}
type Pairs<V> = ReadonlyMap<string, ReadonlyMap<string, V>>;

function joined<V>(now: Pairs<V>, before: Pairs<V>): Map<string, Map<string, Change<V>>> {
  const changes = new Map<string, Map<string, Change<V>>>();
  const note = (pairs: Pairs<V>, side: keyof Change<V>) => {
    for (const [previous, successors] of pairs) {
      const known = changes.get(previous) ?? new Map<string, Change<V>>();
      changes.set(previous, known);
      for (const [next, value] of successors) known.set(next, { ...known.get(next), [side]: value });
    }
  };
  note(now, "now");
  note(before, "before");
  return changes;
}
