/** Interactions for tests of the folds. */

import fc from "fast-check";
import type { Features } from "../../src/events/fold.ts";
import type { PairMap } from "../../src/events/fold-order.ts";
import type { Interaction, Signal } from "../../src/events/model.ts";

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
