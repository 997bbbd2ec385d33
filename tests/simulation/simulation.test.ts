/** Ingest, relay, consumer, replay and stop under faults by seed: every promise holds, and every situation was met. */

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { KEPT_SEEDS } from "./kept-seeds.ts";
import { type Outcome, simulate } from "./simulate.ts";
import { SITUATIONS, type Situation } from "./situations.ts";

const SEEDS = Number(process.env["SIMULATION_SEEDS"] ?? 500);
const SEEDS_A_TEST = 20;
const SEEDS_RUN_TWICE = [3, 77, 250];

const met = new Set<Situation>();

/** Says of a failed seed what was broken and how to see it again. */
function failureOf({ seed, violation }: Outcome): string[] {
  if (violation === null) return [];
  const again = `bun tests/simulation/run.ts --from ${seed} --seeds 1 --trace`;
  return [`seed ${seed}: ${violation.invariant}: ${violation.text} (again: ${again})`];
}

function runSeeds(seeds: readonly number[]): string[] {
  return seeds.flatMap((seed) => {
    const outcome = simulate(seed);
    for (const situation of outcome.situations) met.add(situation);
    return failureOf(outcome);
  });
}

describe("simulation", () => {
  const firsts = Array.from(
    { length: Math.ceil(SEEDS / SEEDS_A_TEST) },
    (_, index) => index * SEEDS_A_TEST + 1,
  );

  test.each(firsts)("keeps every promise in the seeds from %i", (first) => {
    const seeds = Array.from({ length: SEEDS_A_TEST }, (_, index) => first + index);

    expect(runSeeds(seeds)).toEqual([]);
  });

  test.each(KEPT_SEEDS)("keeps every promise in seed $seed, where $showed", ({ seed }) => {
    expect(runSeeds([seed])).toEqual([]);
  });

  test("meets every situation it is made for", () => {
    expect(SITUATIONS.filter((situation) => !met.has(situation))).toEqual([]);
  });

  test("goes the same way for the same seed, whatever ran before", () => {
    const hashes = () => SEEDS_RUN_TWICE.map((seed) => simulate(seed).traceHash);

    expect(hashes()).toEqual(hashes());
  });

  test("goes the same way in another process", () => {
    const [seed = 1] = SEEDS_RUN_TWICE;
    const { stdout } = Bun.spawnSync(
      [process.execPath, join(import.meta.dir, "run.ts"), "--from", String(seed), "--seeds", "1"],
      { env: { ...process.env, NO_COLOR: "1" } },
    );

    expect(stdout.toString()).toContain(`last trace ${simulate(seed).traceHash}`);
  });
});
