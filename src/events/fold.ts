/** What interactions add up to: the reference reducer, and the deltas that reach the same features one chunk at a time. */

import { decayedScores } from "./fold-decay.ts";
import { byKey, inTimeOrder } from "./fold-order.ts";
import { addRules, type Rules } from "./fold-rules.ts";
import { countTransitions, type TransitionCounts } from "./fold-transitions.ts";
import { type Interaction, SIGNAL_WEIGHT } from "./model.ts";

export interface HistoryItem {
  readonly itemId: string;
  readonly tsMs: number;
}

export interface Features {
  /** item -> sum of signal weights. */
  readonly popularity: Map<string, number>;
  /** item -> decayed sum of signal weights, on a log2 scale. */
  readonly decayed: Map<string, number>;
  /** user -> newest items, oldest first. */
  readonly history: Map<string, HistoryItem[]>;
  readonly transitions: TransitionCounts;
  readonly rules: Rules;
}

export interface FoldSettings {
  /** Newest items kept of each user. */
  readonly historySize: number;
  /** Of decayed popularity. */
  readonly halfLifeHours: number;
}

export interface PopularityDelta {
  readonly itemId: string;
  readonly delta: number;
}

export interface HistoryAddition extends HistoryItem {
  readonly userId: string;
  /** 1-based arrival order among the user's additions. */
  readonly rank: number;
}

/**
 * Features of `interactions`, given in order of arrival; a repeated event id changes nothing.
 * Users' events are taken in order of event time, then arrival.
 */
export function foldInteractions(interactions: readonly Interaction[], settings: FoldSettings): Features {
  const first = new Map<string, Interaction>();
  for (const each of interactions) if (!first.has(each.eventId)) first.set(each.eventId, each);
  const distinct = [...first.values()];
  const features: Features = {
    popularity: new Map(popularityDeltas(distinct).map(({ itemId, delta }) => [itemId, delta])),
    decayed: decayedScores(distinct, settings.halfLifeHours),
    history: new Map(),
    transitions: new Map(),
    rules: new Map(),
  };
  for (const [userId, events] of inTimeOrder(distinct)) {
    const newest = events.slice(-settings.historySize);
    features.history.set(
      userId,
      newest.map(({ itemId, tsMs }) => ({ itemId, tsMs })),
    );
    countTransitions(features.transitions, events);
    addRules(features.rules, events);
  }
  return features;
}

/** Weights of new interactions, summed per item, in item order. */
export function popularityDeltas(interactions: readonly Interaction[]): readonly PopularityDelta[] {
  const sums = new Map<string, number>();
  for (const { itemId, signal } of interactions) {
    sums.set(itemId, (sums.get(itemId) ?? 0) + SIGNAL_WEIGHT[signal]);
  }
  return [...sums].sort(byKey).map(([itemId, delta]) => ({ itemId, delta }));
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
