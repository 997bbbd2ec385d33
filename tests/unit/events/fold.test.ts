import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { foldInteractions, popularityDeltas } from "../../../src/events/fold.ts";
import { type GapInteraction, transitionDeltas } from "../../../src/events/fold-transitions.ts";
import type { Interaction } from "../../../src/events/model.ts";
import {
  anInteraction,
  arrivals,
  interactions,
  itemsOf,
  pairsOf,
  SETTINGS,
  story,
} from "../../support/fold-stories.ts";
import { FeatureTables } from "../../support/fold-tables.ts";

const fold = (events: readonly Interaction[], historySize = 20) =>
  foldInteractions(events, { ...SETTINGS, historySize });
const asRecord = <V>(map: ReadonlyMap<string, V>) => Object.fromEntries(map);

describe("foldInteractions", () => {
  test("weighs view 1, click 3 and purchase 10", () => {
    const events = (["view", "click", "purchase"] as const).map((signal, index) =>
      anInteraction({ signal, eventId: `event-${index}` }),
    );
    expect(asRecord(fold(events).popularity)).toEqual({ a: 14 });
  });

  test("counts a repeat of the same item only when the later event is direct", () => {
    expect(pairsOf(fold(story("a a~ a b~")).transitions)).toEqual({ "a>a": 1, "a>b": 1 });
  });

  test("orders by event time whatever the arrival", () => {
    const [a, b, c] = story("a b c") as [Interaction, Interaction, Interaction];
    const features = fold([c, a, b]);
    expect(pairsOf(features.transitions)).toEqual({ "a>b": 1, "b>c": 1 });
    expect(itemsOf(features.history)).toEqual({ u: ["a", "b", "c"] });
  });

  test("breaks ties by arrival", () => {
    const tie = ["b", "a"].map((itemId) => anInteraction({ itemId, eventId: `event-${itemId}` }));
    expect(pairsOf(fold(tie).transitions)).toEqual({ "b>a": 1 });
  });

  test("keeps the newest items of the history", () => {
    expect(itemsOf(fold(story("a b c d e"), 3).history)).toEqual({ u: ["c", "d", "e"] });
  });

  test("ignores a repeated event id", () => {
    const features = fold([anInteraction(), anInteraction({ itemId: "b" })]);
    expect(asRecord(features.popularity)).toEqual({ a: 1 });
  });

  test("gives the same features for any arrival order when times differ", () => {
    fc.assert(
      fc.property(
        interactions(true).chain((events) =>
          fc.tuple(
            fc.constant(events),
            fc.shuffledSubarray(events, { minLength: events.length, maxLength: events.length }),
          ),
        ),
        ([events, shuffled]) => {
          const expected = fold(events, 4);
          const actual = fold(shuffled, 4);
          expect(asRecord(actual.popularity)).toEqual(asRecord(expected.popularity));
          expect(pairsOf(actual.transitions)).toEqual(pairsOf(expected.transitions));
          expect(pairsOf(actual.rules)).toEqual(pairsOf(expected.rules));
          expect(itemsOf(actual.history)).toEqual(itemsOf(expected.history));
        },
      ),
    );
  });
});

describe("incremental deltas", () => {
  test("a late event replaces the transition it splits", () => {
    const placed: GapInteraction = {
      interaction: anInteraction({ itemId: "b" }),
      previous: { id: 1, itemId: "a" },
      next: { id: 2, itemId: "c", origin: "direct" },
    };
    expect(transitionDeltas([placed])).toEqual([
      { previousItemId: "a", nextItemId: "b", delta: 1 },
      { previousItemId: "a", nextItemId: "c", delta: -1 },
      { previousItemId: "b", nextItemId: "c", delta: 1 },
    ]);
  });

  test("a change that cancels out is left out", () => {
    const placed: GapInteraction = {
      interaction: anInteraction({ itemId: "a", origin: "stream" }),
      previous: { id: 1, itemId: "a" },
      next: { id: 2, itemId: "b", origin: "direct" },
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
      fc.property(arrivals, (chunks) => {
        const tables = new FeatureTables();
        for (const chunk of chunks) tables.apply(chunk);
        const expected = foldInteractions(chunks.flat(), SETTINGS);
        expect(asRecord(tables.popularity)).toEqual(asRecord(expected.popularity));
        expect(tables.pairs).toEqual(pairsOf(expected.transitions));
        expect(tables.rules).toEqual(pairsOf(expected.rules));
        expect(tables.history()).toEqual(itemsOf(expected.history));
      }),
      { numRuns: 300 },
    );
  });
});
