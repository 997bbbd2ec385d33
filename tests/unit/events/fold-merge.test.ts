import { expect, test } from "bun:test";
import fc from "fast-check";
import { foldInteractions } from "../../../src/events/fold.ts";
import { pairChanges } from "../../../src/events/fold-merge.ts";
import { sortedPairs } from "../../../src/events/fold-order.ts";
import type { Interaction } from "../../../src/events/model.ts";
import { anInteraction } from "../../support/plans.ts";

const SETTINGS = { historySize: 20, halfLifeHours: 8760 };

const histories = fc
  .array(
    fc.record({
      userId: fc.constantFrom("guest", "user"),
      itemId: fc.constantFrom("a", "b", "c", "d"),
      tsMs: fc.integer({ min: 0, max: 9 }),
      origin: fc.constantFrom<Interaction["origin"][]>("direct", "stream"),
    }),
    { maxLength: 24 },
  )
  .map((events) => events.map((event, index) => anInteraction({ ...event, eventId: `e-${index}` })));

test("users apart, with the changes added, are the fold of one user's events", () => {
  fc.assert(
    fc.property(histories, (events) => {
      const apart = foldInteractions(events, SETTINGS);
      const joint = foldInteractions(
        events.map((event) => ({ ...event, userId: "user" })),
        SETTINGS,
      );
      const { transitions, rules } = pairChanges(events, "user");
      for (const { previousItemId, nextItemId, delta } of transitions) {
        const next = apart.transitions.get(previousItemId) ?? new Map<string, number>();
        apart.transitions.set(previousItemId, next.set(nextItemId, (next.get(nextItemId) ?? 0) + delta));
      }
      for (const { previousItemId, nextItemId, units, count } of rules) {
        const next = apart.rules.get(previousItemId) ?? new Map();
        const known = next.get(nextItemId) ?? { units: 0, count: 0 };
        next.set(nextItemId, { units: known.units + units, count: known.count + count });
        apart.rules.set(previousItemId, next);
      }
      const present = <V>(pairs: Map<string, Map<string, V>>, isThere: (value: V) => boolean) =>
        sortedPairs(pairs).filter(([, , value]) => isThere(value));
      expect(present(apart.transitions, (count) => count !== 0)).toEqual(sortedPairs(joint.transitions));
      expect(present(apart.rules, ({ count }) => count !== 0)).toEqual(sortedPairs(joint.rules));
    }),
    { numRuns: 500 },
  );
});

test("events that stand apart in time change only where they meet", () => {
  const event = (eventId: string, userId: string, itemId: string, tsMs: number) =>
    anInteraction({ eventId, userId, itemId, tsMs });
  const events = [event("1", "guest", "a", 1), event("2", "guest", "b", 2), event("3", "user", "c", 3)];
  expect(pairChanges(events, "user")).toEqual({
    transitions: [{ previousItemId: "b", nextItemId: "c", delta: 1 }],
    rules: [
      { previousItemId: "a", nextItemId: "c", units: 30, count: 1 },
      { previousItemId: "b", nextItemId: "c", units: 60, count: 1 },
    ],
  });
});
