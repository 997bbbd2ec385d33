/** Interactions for tests of the folds, and the incremental path with plain maps where the store has tables. */

import fc from "fast-check";
import { type Features, historyAdditions, popularityDeltas } from "../../../src/events/fold.ts";
import type { PairMap } from "../../../src/events/fold-order.ts";
import { RULE_STEPS, ruleDeltas, type SurroundedInteraction } from "../../../src/events/fold-rules.ts";
import {
  type GapInteraction,
  type LaterNeighbour,
  transitionDeltas,
} from "../../../src/events/fold-transitions.ts";
import type { Interaction, Signal } from "../../../src/events/model.ts";

export const SETTINGS = { historySize: 4, halfLifeHours: 8760 };

export const anInteraction = (over: Partial<Interaction> = {}): Interaction => ({
  eventId: "event-01",
  userId: "u",
  itemId: "a",
  signal: "view",
  tsMs: 1000,
  origin: "direct",
  ...over,
});

/** Interactions of one user, one ms apart, written as `a b c`; a trailing `~` marks the stream. */
export const story = (text: string): Interaction[] =>
  text.split(" ").map((word, index) =>
    anInteraction({
      eventId: `event-${index}`,
      itemId: word.replace("~", ""),
      origin: word.endsWith("~") ? "stream" : "direct",
      tsMs: 1000 + index,
    }),
  );

/** Interactions of two users, with ties of event time unless `distinctTimes`. */
export const interactions = (distinctTimes: boolean, maxLength = 24) =>
  fc
    .array(
      fc.record({
        userId: fc.constantFrom("u", "v"),
        itemId: fc.constantFrom("a", "b", "c", "d"),
        signal: fc.constantFrom<Signal>("view", "click", "purchase"),
        tsMs: distinctTimes ? fc.integer({ min: 0, max: 1e6 }) : fc.integer({ min: 0, max: 6 }),
        origin: fc.constantFrom<Interaction["origin"]>("direct", "stream"),
      }),
      { maxLength },
    )
    .map((drafts) =>
      drafts.map((draft, index): Interaction => {
        const eventId = `${draft.origin}-${index}`;
        return { ...draft, eventId, tsMs: distinctTimes ? draft.tsMs * 100 + index : draft.tsMs };
      }),
    );

/** Interactions as they arrive, late and repeated, and the sizes of the chunks in which they do. */
export const arrivals = fc
  .tuple(fc.boolean(), fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 }))
  .chain(([distinctTimes, sizes]) =>
    interactions(distinctTimes, 60)
      .chain((events) => fc.array(fc.constantFrom(...events, anInteraction()), { maxLength: 80 }))
      .map((events) => chunked(events, sizes)),
  );

const chunked = <T>(values: readonly T[], sizes: readonly number[]): T[][] => {
  const chunks: T[][] = [];
  let from = 0;
  for (let turn = 0; from < values.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(values.slice(from, from + size));
    from += size;
  }
  return chunks;
};

/** `previous>next` -> value. */
export const pairsOf = <V>(pairs: PairMap<V>): Record<string, V> =>
  Object.fromEntries(
    [...pairs].flatMap(([earlier, successors]) =>
      [...successors].map(([later, value]) => [`${earlier}>${later}`, value]),
    ),
  );

export const itemsOf = (history: Features["history"]) =>
  Object.fromEntries([...history].map(([user, items]) => [user, items.map(({ itemId }) => itemId)]));

export class FeatureTables {
  readonly #events: Interaction[] = [];
  readonly popularity = new Map<string, number>();
  readonly pairs: Record<string, number> = {};
  readonly rules: Record<string, { units: number; count: number }> = {};
  readonly #history = new Map<string, { itemId: string; tsMs: number; pos: number }[]>();

  apply(chunk: readonly Interaction[]): void {
    const known = new Set(this.#events.map(({ eventId }) => eventId));
    const fresh = chunk.filter(({ eventId }) => !known.has(eventId) && known.add(eventId));
    const placed = fresh.map((interaction) => this.#place(interaction));
    this.#events.push(...fresh);
    for (const { itemId, delta } of popularityDeltas(fresh)) {
      this.popularity.set(itemId, (this.popularity.get(itemId) ?? 0) + delta);
    }
    for (const { previousItemId, nextItemId, delta } of transitionDeltas(placed)) {
      const pair = `${previousItemId}>${nextItemId}`;
      this.pairs[pair] = (this.pairs[pair] ?? 0) + delta;
      if (this.pairs[pair] === 0) delete this.pairs[pair];
    }
    for (const { previousItemId, nextItemId, units, count } of ruleDeltas(placed)) {
      const pair = `${previousItemId}>${nextItemId}`;
      const rule = this.rules[pair] ?? { units: 0, count: 0 };
      this.rules[pair] = { units: rule.units + units, count: rule.count + count };
      if (this.rules[pair].count === 0) delete this.rules[pair];
    }
    this.#append(fresh);
  }

  history(): Record<string, string[]> {
    return itemsOf(this.#history);
  }

  #place(interaction: Interaction): GapInteraction & SurroundedInteraction {
    const stored = this.#events
      .map((event, id) => ({ ...event, id }))
      .filter(({ userId }) => userId === interaction.userId)
      .sort((a, b) => a.tsMs - b.tsMs);
    const later = stored.findIndex(({ tsMs }) => tsMs > interaction.tsMs);
    const place = later === -1 ? stored.length : later;
    const next: LaterNeighbour | undefined = stored[place];
    return {
      interaction,
      previous: stored[place - 1] ?? null,
      next: next ?? null,
      around: stored.slice(Math.max(0, place - RULE_STEPS), place + RULE_STEPS),
    };
  }

  #append(fresh: readonly Interaction[]): void {
    const top = new Map(
      [...this.#history].map(([user, rows]) => [user, Math.max(0, ...rows.map(({ pos }) => pos))]),
    );
    for (const { userId, itemId, tsMs, rank } of historyAdditions(fresh, SETTINGS.historySize)) {
      const rows = this.#history.get(userId) ?? [];
      rows.push({ itemId, tsMs, pos: (top.get(userId) ?? 0) + rank });
      rows.sort((a, b) => a.tsMs - b.tsMs || a.pos - b.pos);
      this.#history.set(userId, rows);
    }
    for (const [user, rows] of this.#history) this.#history.set(user, rows.slice(-SETTINGS.historySize));
  }
}
