/** What batch sources learn from small logs, worked out by hand. */

import { describe, expect, test } from "bun:test";
import { FrozenFeatures } from "../../../src/evaluation/frozen-features.ts";
import { contentLists } from "../../../src/models/content.ts";
import { itemKnn } from "../../../src/models/item-knn.ts";
import { RuleLists } from "../../../src/models/rule-lists.ts";
import { sessionIndex } from "../../../src/models/sessions.ts";
import { takesOf } from "../../../src/models/takes.ts";
import { trainingLogOf } from "../../../src/models/training-log.ts";
import { ItemTable } from "../../../src/recommend/item-table.ts";
import { termsOf } from "../../../src/recommend/item-text.ts";
import { takes } from "../evaluation/takes.ts";
import { byName, logOf } from "./logs.ts";

describe("takes", () => {
  test("hold each item of a user once, the newest first, and no more than are wanted", () => {
    const { userStarts, userItems, itemStarts, itemUsers } = takesOf(logOf("a b a c|b"), 2);
    expect([...userStarts]).toEqual([0, 2, 3]);
    expect([...userItems]).toEqual([2, 0, 1]);
    expect([...itemStarts]).toEqual([0, 1, 2, 3]);
    expect([...itemUsers]).toEqual([0, 1, 0]);
  });
});

test("item-kNN is the cosine of who took what, shrunk by 10", () => {
  const log = logOf("a b|a b|a c|b");
  const lists = byName(log.itemIds, itemKnn(takesOf(log)));
  expect(lists["a"]?.["b"]).toBeCloseTo(2 / (3 + 10), 6);
  expect(lists["a"]?.["c"]).toBeCloseTo(1 / (Math.sqrt(3) + 10), 6);
  expect(lists["c"]).toEqual({ a: lists["a"]?.["c"] as number });
});

describe("content", () => {
  const text = (title: string, tags: string[] = []) => ({ title, category: null, author: null, tags });

  test("finds items with the same words, rare ones first, and nothing for an item without text", () => {
    const ids = ["moon", "sun", "moon2", "none"];
    const lists = byName(
      ids,
      contentLists([text("Moon of Ice", ["x"]), text("Sun", ["x"]), text("Moon of Ice 22", ["x"]), null]),
    );
    expect(Object.keys(lists["moon"] ?? {})).toEqual(["moon2", "sun"]);
    expect(lists["none"]).toEqual({});
    expect(lists["moon"]?.["moon2"]).toBeLessThan(1);
  });

  test("is 1 for the same text", () => {
    const lists = byName(["a", "b", "c"], contentLists([text("One Two"), text("two one"), text("Three")]));
    expect(lists["a"]?.["b"]).toBeCloseTo(1, 6);
    expect(lists["c"]).toEqual({});
  });

  test("tells a word of the title from a tag", () => {
    expect([
      ...termsOf({ title: "Drama, it is", category: "Film", author: "Ann B", tags: ["Drama"] }),
    ]).toEqual(["title:drama", "title:it", "title:is", "category:film", "author:ann b", "tag:drama"]);
  });
});

test("sequential rules of a log are those that the stream folds", () => {
  const story = "ann:a bob:c ann:b ann:c bob:a ann:a ann:d bob:b bob:d ann:e ann:f bob:a ann:b";
  const log = trainingLogOf(takes(story));
  const table = new ItemTable();
  for (const itemId of log.itemIds) table.intern(itemId);
  const rules = new RuleLists(log, table);
  const features = new FrozenFeatures(takes(story), 8_760);
  const shares = ({
    table: own,
    slots,
    ruleShares,
    transitionShares,
  }: ReturnType<RuleLists["neighboursOf"]>) =>
    Array.from(slots, (slot, at) => [own.nameOf(slot), ruleShares[at], transitionShares[at]] as const).sort();
  for (const [item, itemId] of log.itemIds.entries()) {
    expect(shares(rules.neighboursOf(item))).toEqual(shares(features.neighboursOf(itemId)));
  }
});

describe("sessions", () => {
  test("are kept newest first, each item where it stands last", () => {
    const index = sessionIndex(logOf("a b a|c|b d"), "stan");
    if (index === null) throw new Error("there are two");
    expect([...index.starts]).toEqual([0, 2, 4]);
    expect([...index.items]).toEqual([1, 3, 1, 0]);
    expect([...index.endMs]).toEqual([6_000, 3_000]);
    expect([...index.itemStarts]).toEqual([0, 1, 3, 3, 4]);
    expect([...index.sessions]).toEqual([1, 0, 1, 0]);
  });

  test("of one item tell nothing", () => {
    expect(sessionIndex(logOf("a a|b"), "stan")).toBeNull();
  });
});
