import { describe, expect, test } from "bun:test";
import { unknownCard } from "../../../../src/recommend/catalog-cards.ts";
import { personalise, takenItems } from "../../../../src/recommend/catalogue/personal.ts";

const DAY_MS = 86_400_000;
const NOW_MS = 100 * DAY_MS;

describe("items taken lately", () => {
  test("come newest first, weighed by their signals, fading by half in a week", () => {
    const taken = takenItems(
      [
        { itemId: "a", weight: 3, tsMs: NOW_MS - 14 * DAY_MS },
        { itemId: "b", weight: 10, tsMs: NOW_MS - 7 * DAY_MS },
        { itemId: "a", weight: 1, tsMs: NOW_MS },
      ],
      NOW_MS,
    );
    expect(taken).toEqual([
      { itemId: "a", weight: 0.4, fading: 1 },
      { itemId: "b", weight: 1, fading: 0.5 },
    ]);
  });

  test("a time ahead of the clock counts as now, and nothing is taken by nobody", () => {
    expect(takenItems([{ itemId: "a", weight: 1, tsMs: NOW_MS + DAY_MS }], NOW_MS)[0]?.fading).toBe(1);
    expect(takenItems([], NOW_MS)).toEqual([]);
  });
});

describe("personal candidates", () => {
  const cards: Record<string, string[]> = {
    t: ["jazz", "live"],
    u: ["rock"],
    x: ["jazz"],
    y: ["pop", "rock"],
  };
  const result = personalise({
    candidates: ["t", "x", "y", "z"].map((itemId) => ({ itemId, score: 1, reasons: ["content"] })),
    taken: [
      { itemId: "t", weight: 1, fading: 1 },
      { itemId: "u", weight: 0.5, fading: 0.5 },
    ],
    behaviorOf: (itemId) =>
      itemId === "t"
        ? new Map([
            ["y", 8],
            ["x", 4],
          ])
        : undefined,
    cardOf: (itemId) => (cards[itemId] ? { ...unknownCard(itemId), tags: cards[itemId] } : undefined),
  });

  test("gain by behavior and by tags, are named, and are not what was taken", () => {
    expect(result.map(({ itemId, score, reasons }) => [itemId, score, reasons.join("+")])).toEqual([
      // 1 * 1 * 0.5 by behavior, and 0.2 * (0 + 0.25) / 2 by tags.
      ["y", 1.525, "content+personalized"],
      // 0.5 * 0.5, and 0.2 * 1.
      ["x", 1.45, "content+personalized"],
      ["z", 1, "content"],
    ]);
  });
});
