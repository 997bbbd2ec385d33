import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { explorationSeed, explore } from "../../../src/recommend/exploration.ts";
import { checkPropensities, seedOf } from "../../support/exploration-checks.ts";

const ids = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, place) => `${prefix}${place}`);
const RULES = { epsilon: 0.05, fromPosition: 3, poolSize: 200 };

describe("the propensities told are those that come true, over 10,000 requests within 1 %", () => {
  test("with the documented settings (A26)", () => {
    checkPropensities(explore, { greedy: ids("g", 10), pool: ids("p", 200), rules: RULES });
  });

  test("with a pool that ends, and much exploration", () => {
    const rules = { epsilon: 0.7, fromPosition: 0, poolSize: 4 };
    checkPropensities(explore, { greedy: ids("g", 8), pool: ids("p", 4), rules });
  });

  test("with items that stand in the slate as well as in the pool", () => {
    const rules = { epsilon: 0.5, fromPosition: 1, poolSize: 8 };
    checkPropensities(explore, { greedy: ids("g", 6), pool: [...ids("p", 5), "g2", "g4", "g5"], rules });
  });
});

describe("explore", () => {
  const inputs = fc.record({
    greedy: fc.integer({ min: 0, max: 30 }).map((count) => ids("g", count)),
    pool: fc.integer({ min: 0, max: 30 }).map((count) => ids("p", count)),
    rules: fc.record({
      epsilon: fc.double({ min: 0, max: 1, noNaN: true }),
      fromPosition: fc.integer({ min: 0, max: 35 }),
      poolSize: fc.constant(30),
    }),
    seed: fc.integer({ min: 0, max: 1e6 }).map(seedOf),
  });

  test("shows as many items as there were places, each once; what was not drawn stands in its order", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { slate, drawn, propensities } = explore(input);
        expect(new Set(slate).size).toBe(input.greedy.length);
        expect(propensities).toHaveLength(input.greedy.length);
        const kept = slate.filter((_, position) => !drawn.includes(position));
        expect(kept).toEqual(input.greedy.slice(0, kept.length));
        expect(drawn.every((position) => position >= input.rules.fromPosition)).toBe(true);
        for (const position of drawn) expect(input.pool).toContain(slate[position] as string);
      }),
    );
  });

  test("makes the same slate of the same seed, and others of others", () => {
    const input = { greedy: ids("g", 20), pool: ids("p", 200), rules: { ...RULES, epsilon: 0.5 } };
    const slateOf = (request: number) => explore({ ...input, seed: seedOf(request) }).slate;
    expect(slateOf(1)).toEqual(slateOf(1));
    expect(slateOf(1)).not.toEqual(slateOf(2));
  });

  test.each([
    ["epsilon is 0", { greedy: ids("g", 9), pool: ids("p", 9), rules: { ...RULES, epsilon: 0 } }],
    ["the pool is empty", { greedy: ids("g", 9), pool: [], rules: { ...RULES, epsilon: 1 } }],
    ["all places are above the first to draw", { greedy: ids("g", 3), pool: ids("p", 9), rules: RULES }],
  ])("leaves the slate as it is, each item certain, where %s", (_, input) => {
    const { slate, propensities, drawn } = explore({ ...input, seed: seedOf(3) });
    expect(slate).toEqual(input.greedy);
    expect([...propensities]).toEqual(input.greedy.map(() => 1));
    expect(drawn).toEqual([]);
  });

  test("its seed is SHA-256 over request, user and model", () => {
    const hash = new Bun.CryptoHasher("sha256").update("r-1\u001fu-1\u001fm-1").digest("hex");
    expect(explorationSeed("r-1", "u-1", "m-1")).toBe(hash);
  });
});
