/** What every exploration must pass: propensities that are told are those that come true. */

import type { Explored, ExploreInput, explore } from "../../src/recommend/exploration.ts";
import { explorationSeed } from "../../src/recommend/exploration.ts";

export type Explore = typeof explore<string>;

export const REQUESTS = 10_000;
/** Of a share: 1 %. */
const TOLERANCE = 0.01;

export const seedOf = (request: number) => explorationSeed(`request-${request}`, "u-1", "m-20260101_000000");

/**
 * Over many requests: how often each item stood at each place, against how often the told propensities let it be
 * expected. What was not shown has a propensity, too: it follows from the definition and the items above.
 */
export function checkPropensities(explore: Explore, input: Omit<ExploreInput<string>, "seed">): void {
  const items = [...new Set([...input.greedy, ...input.pool])];
  const shown = tableOf(input.greedy.length, items);
  const expected = tableOf(input.greedy.length, items);
  for (let request = 0; request < REQUESTS; request++) {
    const explored = explore({ ...input, seed: seedOf(request) });
    for (let position = 0; position < input.greedy.length; position++) {
      const chances = chancesAt(input, explored, position);
      const item = explored.slate[position] as string;
      const told = explored.propensities[position] as number;
      const chance = chances.get(item) ?? 0;
      if (Math.abs(told - chance) > 1e-12)
        throw new Error(`${item} at ${position}: ${told} told, ${chance} so`);
      add(shown, position, item, 1 / REQUESTS);
      for (const [other, chance] of chances) add(expected, position, other, chance / REQUESTS);
    }
  }
  for (const [position, row] of shown.entries()) {
    for (const [item, frequency] of row) {
      const difference = Math.abs(frequency - (expected[position]?.get(item) ?? 0));
      if (difference > TOLERANCE) throw new Error(`${item} at ${position}: off by ${difference}`);
    }
  }
}

/** The definition: of every item that may stand at `position` below what stands above it. */
function chancesAt(
  { greedy, pool, rules }: Omit<ExploreInput<string>, "seed">,
  { slate }: Explored<string>,
  position: number,
): Map<string, number> {
  const above = new Set(slate.slice(0, position));
  const best = greedy.find((item) => !above.has(item)) as string;
  const left = pool.filter((item) => !above.has(item));
  if (position < rules.fromPosition || left.length === 0) return new Map([[best, 1]]);
  const chances = new Map(left.map((item) => [item, rules.epsilon / left.length]));
  return chances.set(best, (chances.get(best) ?? 0) + 1 - rules.epsilon);
}

const tableOf = (rows: number, items: readonly string[]) =>
  Array.from({ length: rows }, () => new Map(items.map((item) => [item, 0])));

function add(table: readonly Map<string, number>[], position: number, item: string, amount: number): void {
  table[position]?.set(item, (table[position]?.get(item) ?? 0) + amount);
}
