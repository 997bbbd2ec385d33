import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Features,
  foldInteractions,
  historyAdditions,
  type LaterNeighbour,
  type PlacedInteraction,
  popularityDeltas,
  transitionDeltas,
} from "../../../src/events/fold.ts";
import type { Interaction, Signal } from "../../../src/events/model.ts";

const HISTORY_SIZE = 4;

const anInteraction = (over: Partial<Interaction> = {}): Interaction => ({
  eventId: "event-01",
  userId: "u",
  itemId: "a",
  signal: "view",
  tsMs: 1000,
  origin: "direct",
  ...over,
});

/** Interactions of one user, one ms apart, written as `a b c`; a trailing `~` marks the stream. */
const story = (text: string): Interaction[] =>
  text.split(" ").map((word, index) =>
    anInteraction({
      eventId: `event-${index}`,
      itemId: word.replace("~", ""),
      origin: word.endsWith("~") ? "stream" : "direct",
      tsMs: 1000 + index,
    }),
  );

const pairs = (features: Features) =>
  Object.fromEntries(
    [...features.transitions].flatMap(([earlier, successors]) =>
      [...successors].map(([later, count]) => [`${earlier}>${later}`, count]),
    ),
  );

/** The incremental path with plain arrays where the store has tables. */
class FeatureTables {
  readonly #events: Interaction[] = [];
  readonly popularity = new Map<string, number>();
  readonly pairs = new Map<string, number>();
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
      const count = (this.pairs.get(pair) ?? 0) + delta;
      if (count === 0) this.pairs.delete(pair);
      else this.pairs.set(pair, count);
    }
    this.#append(fresh);
  }

  history(): Record<string, string[]> {
    return Object.fromEntries(
      [...this.#history].map(([user, rows]) => [user, rows.map(({ itemId }) => itemId)]),
    );
  }

  #place(interaction: Interaction): PlacedInteraction {
    const stored = this.#events
      .filter(({ userId }) => userId === interaction.userId)
      .toSorted((a, b) => a.tsMs - b.tsMs);
    const asNeighbour = (event: Interaction | undefined): LaterNeighbour | null =>
      event ? { key: event.eventId, itemId: event.itemId, origin: event.origin } : null;
    return {
      interaction,
      previous: asNeighbour(stored.findLast(({ tsMs }) => tsMs <= interaction.tsMs)),
      next: asNeighbour(stored.find(({ tsMs }) => tsMs > interaction.tsMs)),
    };
  }

  #append(fresh: readonly Interaction[]): void {
    const top = new Map(
      [...this.#history].map(([user, rows]) => [user, Math.max(0, ...rows.map(({ pos }) => pos))]),
    );
    for (const { userId, itemId, tsMs, rank } of historyAdditions(fresh, HISTORY_SIZE)) {
      const rows = this.#history.get(userId) ?? [];
      rows.push({ itemId, tsMs, pos: (top.get(userId) ?? 0) + rank });
      rows.sort((a, b) => a.tsMs - b.tsMs || a.pos - b.pos);
      this.#history.set(userId, rows);
    }
    for (const [user, rows] of this.#history) this.#history.set(user, rows.slice(-HISTORY_SIZE));
  }
}

const interactions = (distinctTimes: boolean) =>
  fc
    .array(
      fc.record({
        userId: fc.constantFrom("u", "v"),
        itemId: fc.constantFrom("a", "b", "c"),
        signal: fc.constantFrom<Signal>("view", "click", "purchase"),
        tsMs: distinctTimes ? fc.integer({ min: 0, max: 1e6 }) : fc.integer({ min: 0, max: 6 }),
        origin: fc.constantFrom<Interaction["origin"]>("direct", "stream"),
      }),
      { maxLength: 24 },
    )
    .map((drafts) =>
      drafts.map((draft, index): Interaction => {
        const eventId = `${draft.origin}-${index}`;
        return { ...draft, eventId, tsMs: distinctTimes ? draft.tsMs * 100 + index : draft.tsMs };
      }),
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

const asRecord = <V>(map: ReadonlyMap<string, V>) => Object.fromEntries(map);
const itemsOf = (features: Features) =>
  Object.fromEntries([...features.history].map(([user, items]) => [user, items.map(({ itemId }) => itemId)]));

describe("foldInteractions", () => {
  test("weighs view 1, click 3 and purchase 10", () => {
    const events = (["view", "click", "purchase"] as const).map((signal, index) =>
      anInteraction({ signal, eventId: `event-${index}` }),
    );
    expect(asRecord(foldInteractions(events, 20).popularity)).toEqual({ a: 14 });
  });

  test("counts a repeat of the same item only when the later event is direct", () => {
    expect(pairs(foldInteractions(story("a a~ a b~"), 20))).toEqual({ "a>a": 1, "a>b": 1 });
  });

  test("orders by event time whatever the arrival", () => {
    const [a, b, c] = story("a b c") as [Interaction, Interaction, Interaction];
    const features = foldInteractions([c, a, b], 20);
    expect(pairs(features)).toEqual({ "a>b": 1, "b>c": 1 });
    expect(itemsOf(features)).toEqual({ u: ["a", "b", "c"] });
  });

  test("breaks ties by arrival", () => {
    const tie = ["b", "a"].map((itemId) => anInteraction({ itemId, eventId: `event-${itemId}` }));
    expect(pairs(foldInteractions(tie, 20))).toEqual({ "b>a": 1 });
  });

  test("keeps the newest items of the history", () => {
    expect(itemsOf(foldInteractions(story("a b c d e"), 3))).toEqual({ u: ["c", "d", "e"] });
  });

  test("ignores a repeated event id", () => {
    const features = foldInteractions([anInteraction(), anInteraction({ itemId: "b" })], 20);
    expect(asRecord(features.popularity)).toEqual({ a: 1 });
  });

  test("gives the same popularity and transitions for any arrival order when times differ", () => {
    fc.assert(
      fc.property(
        interactions(true).chain((events) =>
          fc.tuple(
            fc.constant(events),
            fc.shuffledSubarray(events, { minLength: events.length, maxLength: events.length }),
          ),
        ),
        ([events, shuffled]) => {
          const expected = foldInteractions(events, HISTORY_SIZE);
          const actual = foldInteractions(shuffled, HISTORY_SIZE);
          expect(asRecord(actual.popularity)).toEqual(asRecord(expected.popularity));
          expect(pairs(actual)).toEqual(pairs(expected));
          expect(itemsOf(actual)).toEqual(itemsOf(expected));
        },
      ),
    );
  });
});

describe("incremental deltas", () => {
  test("a late event replaces the transition it splits", () => {
    const placed: PlacedInteraction = {
      interaction: anInteraction({ itemId: "b" }),
      previous: { key: "1", itemId: "a" },
      next: { key: "2", itemId: "c", origin: "direct" },
    };
    expect(transitionDeltas([placed])).toEqual([
      { previousItemId: "a", nextItemId: "b", delta: 1 },
      { previousItemId: "a", nextItemId: "c", delta: -1 },
      { previousItemId: "b", nextItemId: "c", delta: 1 },
    ]);
  });

  test("a change that cancels out is left out", () => {
    const placed: PlacedInteraction = {
      interaction: anInteraction({ itemId: "a", origin: "stream" }),
      previous: { key: "1", itemId: "a" },
      next: { key: "2", itemId: "b", origin: "direct" },
    };
    expect(transitionDeltas([placed])).toEqual([]);
  });

  test("popularity is summed per item in item order", () => {
    const events = ["b", "a", "b"].map((itemId) => anInteraction({ itemId, signal: "click" }));
    expect(popularityDeltas(events)).toEqual([
      { itemId: "a", delta: 3 },
      { itemId: "b", delta: 6 },
    ]);
  });

  test("chunks in any arrival order with duplicates reach the features of the reference fold", () => {
    fc.assert(
      fc.property(
        fc
          .tuple(fc.boolean(), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }))
          .chain(([distinctTimes, sizes]) =>
            interactions(distinctTimes)
              .chain((events) => fc.array(fc.constantFrom(...events, anInteraction()), { maxLength: 40 }))
              .map((arrivals) => ({ arrivals, sizes })),
          ),
        ({ arrivals, sizes }) => {
          const tables = new FeatureTables();
          for (const chunk of chunked(arrivals, sizes)) tables.apply(chunk);
          const expected = foldInteractions(arrivals, HISTORY_SIZE);
          expect(asRecord(tables.popularity)).toEqual(asRecord(expected.popularity));
          expect(asRecord(tables.pairs)).toEqual(pairs(expected));
          expect(tables.history()).toEqual(itemsOf(expected));
        },
      ),
      { numRuns: 300 },
    );
  });
});
