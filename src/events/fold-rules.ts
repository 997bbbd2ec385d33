/** Sequential rules: how strongly one item is followed by another within a few steps, and how new events change that. */

import { type PairMap, sortedPairs, successorsOf } from "./fold-order.ts";
import type { Neighbour } from "./fold-transitions.ts";
import type { Interaction } from "./model.ts";

/** Events of one user this many steps apart still make a rule. */
export const RULE_STEPS = 5;

/** A pair `step` apart weighs 1/step. Counted in whole 60ths, of which every step has some, sums stay exact. */
export const RULE_UNITS = 60;

export interface Rule {
  /** In units of 1/60. */
  units: number;
  /** Pairs that made it. */
  count: number;
}

/** previous item -> next item -> rule. */
export type Rules = PairMap<Rule>;

export interface StoredEvent extends Neighbour {
  readonly tsMs: number;
}

/** A new interaction and the stored events up to `RULE_STEPS` before and after it, in any order. */
export interface SurroundedInteraction {
  readonly interaction: Interaction;
  readonly around: readonly StoredEvent[];
}

export interface RuleDelta {
  readonly previousItemId: string;
  readonly nextItemId: string;
  readonly units: number;
  readonly count: number;
}

/** Adds the rules of one user's events, given in time order. A repeat of the same item is no rule. */
export function addRules(into: Rules, events: readonly Pick<Interaction, "itemId">[]): void {
  for (const [index, { itemId }] of events.entries()) {
    for (let step = 1; step <= RULE_STEPS; step++) {
      const later = events[index + step];
      if (later) addPair(into, itemId, later.itemId, RULE_UNITS / step, 1);
    }
  }
}

/**
 * Changes of the rules when `placed`, given in order of arrival, joins the stored events: summed per pair, without
 * zeros, in (previous item, next item) order.
 */
export function ruleDeltas(placed: readonly SurroundedInteraction[]): readonly RuleDelta[] {
  const changes: Rules = new Map();
  for (const own of Map.groupBy(placed, ({ interaction }) => interaction.userId).values()) {
    addChanges(changes, timelineOf(own));
  }
  return sortedPairs(changes).flatMap(([previousItemId, nextItemId, { units, count }]) =>
    units === 0 && count === 0 ? [] : [{ previousItemId, nextItemId, units, count }],
  );
}

interface Moment {
  readonly itemId: string;
  readonly tsMs: number;
  readonly isNew: boolean;
}

/**
 * One user's new events among the stored ones that were read, in time order; of equal times the stored ones come
 * first. Stored events that were not read lie further than `RULE_STEPS` from every new one: to leave them out
 * changes only distances between pairs that no new event parts.
 */
function timelineOf(placed: readonly SurroundedInteraction[]): readonly Moment[] {
  const stored = new Map(placed.flatMap(({ around }) => around).map((event) => [event.id, event]));
  return [
    ...[...stored.values()]
      .sort((a, b) => a.id - b.id)
      .map(({ itemId, tsMs }) => ({ itemId, tsMs, isNew: false })),
    ...placed.map(({ interaction: { itemId, tsMs } }) => ({ itemId, tsMs, isNew: true })),
  ].sort((a, b) => a.tsMs - b.tsMs);
}

/** Per pair: its weight with the new events less its weight without them. */
function addChanges(into: Rules, timeline: readonly Moment[]): void {
  for (const [index, earlier] of timeline.entries()) {
    let storedSteps = 0;
    for (let later = index + 1; later < timeline.length; later++) {
      const moment = timeline[later] as Moment;
      const steps = later - index;
      if (!moment.isNew) storedSteps++;
      if (steps > RULE_STEPS && (earlier.isNew || storedSteps > RULE_STEPS)) break;
      const wasPair = !earlier.isNew && !moment.isNew;
      if (wasPair && storedSteps === steps) continue;
      if (steps <= RULE_STEPS) addPair(into, earlier.itemId, moment.itemId, RULE_UNITS / steps, 1);
      if (wasPair) addPair(into, earlier.itemId, moment.itemId, -RULE_UNITS / storedSteps, -1);
    }
  }
}

function addPair(into: Rules, earlier: string, later: string, units: number, count: number): void {
  if (earlier === later) return;
  const successors = successorsOf(into, earlier);
  const rule = successors.get(later);
  if (rule === undefined) successors.set(later, { units, count });
  else {
    rule.units += units;
    rule.count += count;
  }
}
