/** Sequential rules, as the reference counts them and as late events correct them. */

import { describe, expect, test } from "bun:test";
import { foldInteractions } from "../../../src/events/fold.ts";
import { RULE_UNITS, ruleDeltas, type StoredEvent } from "../../../src/events/fold-rules.ts";
import { anInteraction, pairsOf, SETTINGS, story } from "../../support/fold-stories.ts";
import { checkRulesFollowEventTime, FeatureTables } from "../../support/fold-tables.ts";

const rules = (text: string) => pairsOf(foldInteractions(story(text), SETTINGS).rules);
const rule = (weight: number, count: number) => ({ units: Math.round(weight * RULE_UNITS), count });
const stored = (id: number, itemId: string, tsMs: number): StoredEvent => ({ id, itemId, tsMs });

describe("sequential rules", () => {
  test("weigh 1/step, up to five steps apart", () => {
    const {
      "a>b": one,
      "a>c": two,
      "a>d": three,
      "a>e": four,
      "a>f": five,
      ...rest
    } = rules("a b c d e f g");
    expect([one, two, three, four, five]).toEqual([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5].map((w) => rule(w, 1)));
    expect(rest["a>g"]).toBeUndefined();
  });

  test("add up over repeats, and leave out an item that follows itself", () => {
    expect(rules("a b a b")).toEqual({ "a>b": rule(1 + 1 / 3 + 1, 3), "b>a": rule(1, 1) });
  });

  test("know no session gap", () => {
    const [a, b] = story("a b");
    const years = { ...anInteraction(b), tsMs: 1e12 };
    expect(pairsOf(foldInteractions([anInteraction(a), years], SETTINGS).rules)).toEqual({
      "a>b": rule(1, 1),
    });
  });

  test("follow event time whatever the arrival", () => checkRulesFollowEventTime(ruleDeltas));

  test("a late event moves the pairs around it one step apart", () => {
    const around = [stored(1, "a", 1), stored(2, "b", 2), stored(3, "c", 4), stored(4, "d", 5)];
    const late = { interaction: anInteraction({ itemId: "x", tsMs: 3 }), around };
    const deltas = ruleDeltas([late]).map(({ previousItemId, nextItemId, units, count }) => [
      `${previousItemId}>${nextItemId}`,
      units,
      count,
    ]);
    expect(deltas).toEqual([
      ["a>c", 20 - 30, 0],
      ["a>d", 15 - 20, 0],
      ["a>x", 30, 1],
      ["b>c", 30 - 60, 0],
      ["b>d", 20 - 30, 0],
      ["b>x", 60, 1],
      ["x>c", 60, 1],
      ["x>d", 30, 1],
    ]);
  });

  test("a late event pushes a pair out of reach", () => {
    const tables = new FeatureTables();
    const events = story("a b c x d e f");
    tables.apply(events.filter(({ itemId }) => itemId !== "x"));
    expect(tables.rules["a>f"]).toEqual(rule(1 / 5, 1));
    tables.apply(events.filter(({ itemId }) => itemId === "x"));
    expect(tables.rules["a>f"]).toBeUndefined();
    expect(tables.rules["b>f"]).toEqual(rule(1 / 5, 1));
  });

  test("of equal times the event that was stored comes first", () => {
    const around = [stored(7, "b", 1000), stored(3, "a", 1000)];
    const deltas = ruleDeltas([{ interaction: anInteraction({ itemId: "x", tsMs: 1000 }), around }]);
    expect(deltas.map(({ previousItemId, units }) => [previousItemId, units])).toEqual([
      ["a", 30],
      ["b", 60],
    ]);
  });

  test("two late events of a user, far apart, do not make a pair of what lies between", () => {
    const events = story("a b c d e f g h i j k l m n o p q r");
    const late = new Set(["c", "p"]);
    const tables = new FeatureTables();
    tables.apply(events.filter(({ itemId }) => !late.has(itemId)));
    tables.apply(events.filter(({ itemId }) => late.has(itemId)));
    expect(tables.rules).toEqual(pairsOf(foldInteractions(events, SETTINGS).rules));
  });
});
