import { describe, expect, test } from "bun:test";
import { askOffline } from "../../../src/evaluation/ask-offline.ts";
import { FrozenFeatures } from "../../../src/evaluation/frozen-features.ts";
import { type Model, offlineModels, type Profile } from "../../../src/evaluation/models.ts";
import { splitBy } from "../../../src/evaluation/split.ts";
import { Surprise } from "../../../src/evaluation/surprise.ts";
import { takes } from "./takes.ts";

const HALF_LIFE_H = 8_760;

function ask(story: string, models?: readonly Model[]) {
  const split = splitBy("rolling", takes(story));
  const features = new FrozenFeatures(split.training, HALF_LIFE_H);
  const sheets = askOffline(split, models ?? offlineModels(features), features, new Surprise(split.training));
  return new Map(sheets.map((sheet) => [sheet.model, [...sheet.ranks]]));
}

/** Eight events before the cut, two after it. */
const BEFORE = "ann:a bob:a ann:b bob:b eve:a eve:b eve:c dan:a";

describe("models over frozen features", () => {
  test("an item unknown at the cut is a miss and no skipped question", () => {
    const ranks = ask(`${BEFORE} dan:new ann:c`);
    for (const each of ranks.values()) expect(each).toEqual([Number.POSITIVE_INFINITY, 1]);
  });

  test("seen items do not compete", () => {
    // Popularity: a 4, b 3, c 1. Dan has seen a, then b.
    expect(ask(`${BEFORE} dan:b dan:c`).get("popularity")).toEqual([1, 1]);
  });

  test("what was seen cannot be recommended again", () => {
    for (const each of ask(`${BEFORE} dan:a dan:b`).values())
      expect(each).toEqual([Number.POSITIVE_INFINITY, 1]);
  });

  test("what followed the newest item comes before what is merely popular", () => {
    // p was taken three times, y twice; but y followed x, which Dan took last.
    const ranks = ask("ann:x ann:y bob:x bob:y cat:p dee:p eve:p dan:x dan:y dan:p");
    expect(Object.fromEntries(Array.from(ranks, ([model, [first]]) => [model, first]))).toEqual({
      popularity: 2,
      decayed_popularity: 2,
      "rules-v1": 1,
      sequential_rules: 1,
      "stream-v1": 1,
    });
  });

  test("nothing is learned after the cut", () => {
    const profiles: string[][] = [];
    const watching: Model = {
      name: "watching",
      rank({ itemIds }: Profile) {
        profiles.push([...itemIds]);
        return { itemIds: ["a"], scores: [1] };
      },
    };
    ask(`${BEFORE} dan:b dan:c`, [watching]);
    expect(profiles).toEqual([["a"], ["a", "b"]]);
  });

  test.each([
    ["rolling", "", [false, false]],
    ["rolling", "session:", [true, true]],
    ["session", "", [true]],
  ] as const)("%s: users named %p… are guests: %p", (protocol, prefix, expected) => {
    const guests: boolean[] = [];
    const watching: Model = {
      name: "watching",
      rank({ isGuest }: Profile) {
        guests.push(isGuest);
        return { itemIds: ["a"], scores: [1] };
      },
    };
    const taken = takes(`${BEFORE} dan:b dan:c`).map((each) => ({ ...each, userId: prefix + each.userId }));
    const split = splitBy(protocol, taken);
    const features = new FrozenFeatures(split.training, HALF_LIFE_H);
    askOffline(split, [watching], features, new Surprise(split.training));
    expect(guests).toEqual([...expected]);
  });
});
