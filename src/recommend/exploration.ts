/**
 * Exploration: now and then a place of a slate goes to an item from below the cut, and every shown item comes with the
 * probability that it had (its propensity), so that logged slates can tell what another policy would be worth.
 */

import { createHash } from "node:crypto";
import { seededRandom } from "../core/random.ts";

export interface ExplorationRules {
  /** Probability, 0 to 1, that a place is drawn; 0: never. */
  readonly epsilon: number;
  /** The first place that may be drawn, counted from 0. */
  readonly fromPosition: number;
  /** Items at most that a place may be drawn from. */
  readonly poolSize: number;
}

export const NO_EXPLORATION: ExplorationRules = { epsilon: 0, fromPosition: 0, poolSize: 0 };

export interface ExploreInput<Item> {
  /** The slate without exploration, best first. */
  readonly greedy: readonly Item[];
  /** What may be drawn, each once; an item of the slate may be among them. */
  readonly pool: readonly Item[];
  readonly rules: ExplorationRules;
  /** At least 8 hex digits. */
  readonly seed: string;
}

export interface Explored<Item> {
  /** As long as `greedy`, no item twice. */
  readonly slate: readonly Item[];
  /**
   * Of each shown item, given those above it: (1 - epsilon) if it is the best not yet placed, plus epsilon / M if it is
   * one of the M items of the pool not yet placed; 1 above `fromPosition`, and where nothing is left to draw.
   */
  readonly propensities: Float64Array;
  /** Places that were drawn, ascending. */
  readonly drawn: readonly number[];
}

/** SHA-256 over request id, user id and model version, each after the unit separator of the one before, in hex. */
export const explorationSeed = (requestId: string, userId: string, modelVersion: string): string =>
  createHash("sha256").update([requestId, userId, modelVersion].join("\u001f"), "utf8").digest("hex");

/** Fills the places from the top. Equal inputs give equal slates: the first 8 digits of the seed start the generator. */
export function explore<Item>({ greedy, pool, rules, seed }: ExploreInput<Item>): Explored<Item> {
  const { epsilon, fromPosition } = rules;
  const random = seededRandom(Number.parseInt(seed.slice(0, 8), 16));
  const left = [...pool];
  const placed = new Set<Item>();
  const propensities = new Float64Array(greedy.length).fill(1);
  const drawn: number[] = [];
  let next = 0;
  for (let position = 0; position < greedy.length; position++) {
    while (placed.has(greedy[next] as Item)) next++;
    const best = greedy[next] as Item;
    let shown = best;
    if (epsilon > 0 && position >= fromPosition && left.length > 0) {
      if (random.next() < epsilon) {
        shown = left[Math.floor(random.next() * left.length)] as Item;
        drawn.push(position);
      }
      const greedyShare = shown === best ? 1 - epsilon : 0;
      propensities[position] = greedyShare + (left.includes(shown) ? epsilon / left.length : 0);
    }
    placed.add(shown);
    const at = left.indexOf(shown);
    if (at >= 0) left.splice(at, 1);
  }
  return { slate: [...placed], propensities, drawn };
}
