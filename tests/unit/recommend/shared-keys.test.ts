/** The texts of the shared cache, as the specification has them, and that they come back as they were. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  historyTexts,
  keysOf,
  readHistory,
  readScores,
  readSeen,
  scoreTexts,
  seenTexts,
} from "../../../src/recommend/shared-keys.ts";

const anId = fc.string({ unit: "grapheme", minLength: 1 });
const scores = fc.array(
  fc.record({ itemId: anId, score: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
);

describe("texts", () => {
  test("are those of the specification", () => {
    expect(historyTexts([{ itemId: "a", tsMs: 1 }])).toEqual(['["a"]', "[1]"]);
    expect(seenTexts({ itemIds: ["old", "new"], tsMs: [1, 2], weights: [1, 10] })).toEqual([
      '["new","old"]',
      "[2,1]",
      "[10,1]",
    ]);
    const [text = ""] = scoreTexts([
      { itemId: "b", score: 2 },
      { itemId: "1", score: 1.5 },
    ]);
    expect(text).toBe('{"b":2,"1":1.5}');
    expect(JSON.parse(text)).toEqual({ b: 2, "1": 1.5 });
  });

  test("come back in the same order", () => {
    fc.assert(
      fc.property(scores, (items) => {
        expect(readScores(scoreTexts(items))).toEqual(
          items.map((item) => ({ ...item, score: item.score || 0 })),
        );
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.record({ itemId: anId, tsMs: fc.nat() })), (history) => {
        expect(readHistory(historyTexts(history))).toEqual(history);
        const events = {
          itemIds: history.map(({ itemId }) => itemId),
          tsMs: history.map(({ tsMs }) => tsMs),
          weights: history.map(({ tsMs }) => (tsMs % 2 === 0 ? 3 : 10)),
        };
        expect(readSeen(seenTexts(events))).toEqual(events);
      }),
    );
  });

  test.each([
    "",
    "{",
    "}",
    "[]",
    "null",
    '{"a":1',
    '{"a":"1"}',
    '{"a":1}}',
    '{"a":1,}',
    '{"a":1 "b":2}',
    "x",
  ])("%p is nobody's scores", (text) => expect(readScores([text])).toBeNull());

  test.each([
    ["", ""],
    ["{}", "[]"],
    ['["a"]', "[]"],
    ['["a"]', '["1"]'],
    ["[1]", "[1]"],
  ])("%p with times %p is nobody's history", (ids, times) => {
    const texts = [ids, times];
    expect(readHistory(texts)).toBeNull();
    expect(readSeen([...texts, "[1]"])).toBeNull();
  });

  test.each(["", "[]", "[1,1]", "[2]", '["1"]', "[null]", "{}"])(
    "%p are no weights of one event",
    (weights) => expect(readSeen(['["a"]', "[1]", weights])).toBeNull(),
  );
});

test("a change names the keys of its users and of the items that transitions leave", () => {
  const change = {
    userIds: ["u:1"],
    itemIds: ["i"],
    relatedItemIds: ["r:200"],
    ruleItemIds: ["x"],
    eventIds: ["e"],
  };
  expect(keysOf(change)).toEqual([
    "reco:user_history:u:1",
    "reco:user_history_times:u:1",
    "reco:seen:u:1",
    "reco:seen_times:u:1",
    "reco:seen_weights:u:1",
    "reco:related:r:200:200",
  ]);
});
