/** The profile overlay: what it shows, when it forgets, and how it joins the stored history. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Interaction } from "../../../src/events/model.ts";
import { mergeHistory, ProfileOverlay } from "../../../src/recommend/overlay.ts";
import { manualClock } from "../../support/manual-clock.ts";

let serial = 0;
const anInteraction = (fields: Partial<Interaction> = {}): Interaction => ({
  eventId: `watch-${serial++}`,
  userId: "u1",
  itemId: "i1",
  signal: "view",
  tsMs: 1_000,
  origin: "stream",
  ...fields,
});

function setUp(maxUsers = 100) {
  const clock = manualClock();
  const overlay = new ProfileOverlay({ clock, maxUsers });
  const itemsOf = (userId = "u1") => overlay.entries(userId).map((entry) => entry.itemId);
  return { clock, overlay, itemsOf };
}

describe("profile overlay", () => {
  test("lists a user's entries by event time, equal times in order of arrival", () => {
    const { overlay, itemsOf } = setUp();
    overlay.add(anInteraction({ itemId: "late", tsMs: 3_000 }));
    overlay.add(anInteraction({ itemId: "early", tsMs: 1_000 }));
    overlay.add(anInteraction({ itemId: "early too", tsMs: 1_000 }));
    overlay.add(anInteraction({ itemId: "other", userId: "u2" }));
    expect(itemsOf()).toEqual(["early", "early too", "late"]);
  });

  test("an event added twice counts once", () => {
    const { overlay, itemsOf } = setUp();
    const watch = anInteraction();
    overlay.add(watch);
    overlay.add(watch);
    expect(itemsOf()).toEqual(["i1"]);
  });

  test("forgets what the store has, and only that", () => {
    const { overlay, itemsOf } = setUp();
    const stored = anInteraction({ itemId: "stored" });
    overlay.add(stored);
    overlay.add(anInteraction({ itemId: "not yet" }));
    overlay.drop([stored.eventId, "never heard of"]);
    expect(itemsOf()).toEqual(["not yet"]);
  });

  test("forgets an entry after a minute", async () => {
    const { clock, overlay, itemsOf } = setUp();
    overlay.add(anInteraction({ itemId: "first" }));
    await clock.advance(30_000);
    overlay.add(anInteraction({ itemId: "second" }));
    await clock.advance(29_999);
    expect(itemsOf()).toEqual(["first", "second"]);
    await clock.advance(1);
    expect(itemsOf()).toEqual(["second"]);
  });

  test("an event time later than now counts as now", () => {
    const { clock, overlay } = setUp();
    overlay.add(anInteraction({ tsMs: clock.nowMs() + 90_000 }));
    expect(overlay.entries("u1")[0]?.tsMs).toBe(clock.nowMs());
  });

  test("keeps the newest fifty of a user", () => {
    const { overlay, itemsOf } = setUp();
    for (let n = 0; n < 60; n++) overlay.add(anInteraction({ itemId: `i${n}`, tsMs: n }));
    overlay.add(anInteraction({ itemId: "too old", tsMs: 0 }));
    expect(itemsOf()).toEqual(Array.from({ length: 50 }, (_, n) => `i${n + 10}`));
    expect(overlay.size).toBe(50);
  });

  test("drops the user who was quiet longest when there are too many", () => {
    const { overlay, itemsOf } = setUp(2);
    for (const userId of ["u1", "u2", "u1", "u3"]) overlay.add(anInteraction({ userId }));
    expect([itemsOf("u1").length, itemsOf("u2").length, itemsOf("u3").length]).toEqual([2, 0, 1]);
    expect(overlay.size).toBe(3);
  });
});

describe("merged history", () => {
  const entry = fc.record({
    itemId: fc.constantFrom("a", "b", "c", "d", "e"),
    tsMs: fc.integer({ min: 0, max: 30 }),
  });
  const history = fc
    .array(entry, { maxLength: 30, size: "max" })
    .map((entries) => entries.sort((a, b) => a.tsMs - b.tsMs));

  test("puts a watch that was just made at the end", () => {
    const stored = [{ itemId: "a", tsMs: 1 }];
    expect(mergeHistory(stored, [{ itemId: "b", tsMs: 2 }], 20).map(({ itemId }) => itemId)).toEqual([
      "a",
      "b",
    ]);
  });

  test("does not show an event twice that the store already holds", () => {
    const stored = [{ itemId: "a", tsMs: 1 }];
    expect(mergeHistory(stored, [{ itemId: "a", tsMs: 1 }], 20)).toEqual(stored);
    expect(mergeHistory(stored, [{ itemId: "a", tsMs: 2 }], 20)).toHaveLength(2);
  });

  test("is the newest of both in event-time order", () => {
    fc.assert(
      fc.property(history, history, fc.integer({ min: 1, max: 25 }), (stored, overlay, limit) => {
        const merged = mergeHistory(stored, overlay, limit);
        const times = merged.map(({ tsMs }) => tsMs);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        const known = new Set(stored.map(({ itemId, tsMs }) => `${itemId} ${tsMs}`));
        const added = overlay.filter(({ itemId, tsMs }) => !known.has(`${itemId} ${tsMs}`));
        const all = [...stored, ...added].map(({ tsMs }) => tsMs).sort((a, b) => a - b);
        expect(times).toEqual(all.slice(-limit));
      }),
    );
  });

  test("is the stored history when the store has caught up", () => {
    fc.assert(
      fc.property(history, (stored) => {
        expect(mergeHistory(stored, stored, 20)).toEqual(stored.slice(-20));
      }),
    );
  });
});
