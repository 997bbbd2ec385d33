import { describe, expect, test } from "bun:test";
import { type Fault, planFaults, TARGETS } from "../../../../src/cli/soak/fault-plan.ts";
import { seededRandom } from "../../../../src/core/random.ts";

const TEN_MINUTES_MS = 600_000;
const plan = (seed: number) => planFaults(seededRandom(seed), TEN_MINUTES_MS);
const SEEDS = Array.from({ length: 50 }, (_, seed) => seed);

describe("a fault plan", () => {
  test("follows from its seed", () => {
    expect(plan(7)).toEqual(plan(7));
    expect(plan(7)).not.toEqual(plan(8));
  });

  test("strikes every target, with every verb, in order of time and within the run", () => {
    const faults = SEEDS.flatMap(plan);
    expect([...new Set(faults.map(({ target }) => target))].sort()).toEqual([...TARGETS].sort());
    expect([...new Set(faults.map(({ verb }) => verb))].sort()).toEqual(["freeze", "kill", "terminate"]);
    for (const each of SEEDS.map(plan)) {
      const times = each.map(({ atMs }) => atMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times.at(-1)).toBeLessThan(TEN_MINUTES_MS);
      expect(each.length).toBeGreaterThan(100);
    }
  });

  test("freezes for a bounded time, and nothing but freezes", () => {
    for (const { verb, forMs } of SEEDS.flatMap(plan)) {
      if (verb === "freeze") expect(forMs).toBeWithin(500, 14_001);
      else expect(forMs).toBe(0);
    }
  });

  test("never ends one child more often in a minute than its supervisor bears", () => {
    const groupOf = ({ target }: Fault) =>
      target === "postgres" || target === "main/store" ? "store" : target;
    for (const faults of SEEDS.map(plan)) {
      for (const [group, struck] of Map.groupBy(faults, groupOf)) {
        if (group === "backend") continue;
        for (const { atMs } of struck) {
          const within = struck.filter((other) => other.atMs > atMs - 60_000 && other.atMs <= atMs);
          expect(within.length).toBeLessThanOrEqual(3);
        }
      }
    }
  });

  test("of a run too short for a fault is empty", () => {
    expect(planFaults(seededRandom(1), 3_000)).toEqual([]);
  });
});
