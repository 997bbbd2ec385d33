import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { seededRandom } from "../../../../src/core/random.ts";
import { explore } from "../../../../src/recommend/catalogue/explore.ts";

const greedy = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ itemId: `g${n}`, score: 1 - n / 100, reasons: ["content"] }));
const poolOf = (ids: readonly string[], hidden: ReadonlySet<string> = new Set()) => ({
  size: ids.length,
  idAt: (at: number) => ids[at] as string,
  showable: ids.length - hidden.size,
  mayShow: (itemId: string) => !hidden.has(itemId),
});

describe("exploration", () => {
  test("replaces each place with the probability it says", () => {
    const ids = Array.from({ length: 1_000 }, (_, n) => `p${n}`);
    const random = seededRandom(7);
    let drawn = 0;
    const places = 20_000;
    for (let round = 0; round < places / 10; round++) {
      const { items, propensities } = explore(greedy(10), poolOf(ids), random);
      for (const [place, { reasons }] of items.entries()) {
        const isDrawn = reasons[0] === "exploration";
        if (isDrawn) drawn++;
        expect(propensities[place]).toBeCloseTo(isDrawn ? 0.15 / 990 : 0.85, isDrawn ? 5 : 12);
      }
    }
    // Five standard deviations.
    expect(Math.abs(drawn / places - 0.15)).toBeLessThan(5 * Math.sqrt((0.15 * 0.85) / places));
  });

  test("keeps the length, shows nothing twice and nothing hidden", () => {
    const ids = Array.from({ length: 30 }, (_, n) => (n < 10 ? `g${n}` : `p${n}`));
    fc.assert(
      fc.property(fc.integer(), fc.uniqueArray(fc.constantFrom(...ids.slice(10))), (seed, hiddenIds) => {
        const hidden = new Set(hiddenIds);
        const { items, propensities, isVaried } = explore(
          greedy(10),
          poolOf(ids, hidden),
          seededRandom(seed),
        );
        const shown = items.map(({ itemId }) => itemId);
        expect(shown.length).toBe(10);
        expect(new Set(shown).size).toBe(10);
        expect(shown.some((itemId) => hidden.has(itemId))).toBe(false);
        expect(isVaried).toBe(items.some(({ reasons }) => reasons[0] === "exploration"));
        expect(propensities.every((each) => each > 0 && each <= 1)).toBe(true);
      }),
    );
  });

  test("changes nothing where there is nothing to draw from", () => {
    const { items } = explore(greedy(50), poolOf([]), seededRandom(1));
    expect(items).toEqual(greedy(50));
  });
});
