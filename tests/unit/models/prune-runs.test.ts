import { expect, test } from "bun:test";
import fc from "fast-check";
import { namedRuns, prunable } from "../../../src/models/prune-runs.ts";
import { runIdAt } from "../../../src/stores/files/claim-run.ts";
import { fakeRegistry } from "../../support/fakes/registry.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 5, 1);
const runOf = (ageDays: number) => runIdAt(NOW_MS - ageDays * DAY_MS);

test("what goes is old, not among the newest 20 and named by nobody, and all of that goes", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(90), { maxLength: 60 }), fc.array(fc.nat(90)), (ages, namedAges) => {
      const named = new Set(namedAges.map(runOf));
      const pruned = new Set(prunable(ages.map(runOf), named, NOW_MS));
      const newest = new Set(ages.toSorted((a, b) => a - b).slice(0, 20));
      for (const age of ages) {
        expect(pruned.has(runOf(age))).toBe(age > 30 && !newest.has(age) && !named.has(runOf(age)));
      }
    }),
  );
});

test("named is what serves, what a rollback would bring back, and the shadow", () => {
  const { state } = fakeRegistry();
  const slots = {
    ...state.slots,
    default: { currentRun: "a", previousRun: "b" },
    green: { currentRun: "c", previousRun: null },
  };
  expect(namedRuns({ ...state, slots, shadow: { runId: "d", rollout: 0 } })).toEqual(
    new Set(["a", "b", "c", "d"]),
  );
  expect(namedRuns(state).size).toBe(0);
});
