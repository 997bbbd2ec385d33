/** The life of the serving state: warm-up, the saved snapshot, and a clean end. */

import { describe, expect, test } from "bun:test";
import { Deadline } from "../../../src/core/deadline.ts";
import type { PopularSnapshots, ScoredItem } from "../../../src/recommend/ports.ts";
import { ServingState } from "../../../src/recommend/serving-state.ts";
import { fakeReader, items, watched } from "../../support/fake-feature-reader.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { servingSettings } from "../../support/serving-settings.ts";

const popularity = items({ a: 3, b: 2 });

function setUp(snapshots: Partial<PopularSnapshots> = {}) {
  const clock = manualClock();
  const fake = fakeReader(clock, { popularity, history: new Map([["u1", watched("a")]]) });
  const saved: (readonly ScoredItem[])[] = [];
  const failed: string[] = [];
  const state = new ServingState({
    reader: fake.reader,
    snapshots: { load: async () => null, save: async (list) => void saved.push(list), ...snapshots },
    settings: servingSettings({ maxKeys: 300 }),
    clock,
    observer: {
      late: () => {},
      recalled: () => {},
      failed: (what, error) => void failed.push(`${what}: ${error.message}`),
    },
  });
  const warmUp = (budgetMs: number) => {
    const warm = state.warmUp(Deadline.after(budgetMs, clock));
    return clock.advance(budgetMs).then(() => warm);
  };
  return { ...fake, clock, state, saved, failed, warmUp };
}
const failing = { kind: "failing", error: new Error("no store") } as const;

describe("serving state", () => {
  test("is warm once the store's popular list is read", async () => {
    const { warmUp, state } = setUp();
    expect(await warmUp(100)).toBe("store");
    expect(state.popularity.current().top(5)).toEqual(popularity);
  });

  test("tries the store again until the warm-up deadline", async () => {
    const { warmUp, store, clock } = setUp({ load: async () => items({ old: 1 }) });
    store.mood = failing;
    clock.schedule(3_000, () => {
      store.mood = { kind: "well" };
    });
    expect(await warmUp(10_000)).toBe("store");
  });

  test("a store that hangs does not hold the start up past its deadline", async () => {
    const { warmUp, store } = setUp();
    store.mood = { kind: "frozen" };
    expect(await warmUp(1_000)).toBe("nothing");
  });

  test("a snapshot that cannot be loaded is reported, not thrown", async () => {
    const { warmUp, store, failed } = setUp({ load: () => Promise.reject(new Error("no disk")) });
    store.mood = failing;
    expect(await warmUp(200)).toBe("nothing");
    expect(failed).toContain("snapshot_load: no disk");
  });

  test("saves the popular list at once and then each minute", async () => {
    const { warmUp, saved, clock } = setUp();
    await warmUp(100);
    await clock.advance(120_000);
    expect(saved).toEqual([popularity, popularity, popularity]);
  });

  test("never saves a list that is not the store's", async () => {
    const { warmUp, saved, clock, store } = setUp({ load: async () => items({ old: 1 }) });
    store.mood = failing;
    await warmUp(500);
    await clock.advance(180_000);
    expect(saved).toEqual([]);
  });

  test("a snapshot that cannot be saved is reported, and tried again the next minute", async () => {
    const { warmUp, failed, clock } = setUp({ save: () => Promise.reject(new Error("disk full")) });
    await warmUp(100);
    await clock.advance(60_000);
    expect(failed).toEqual(["snapshot_save: disk full", "snapshot_save: disk full"]);
  });

  test("forgets what a commit changed, and nothing else; changed lists are served until they are read anew", async () => {
    const { state, clock, store, count } = setUp();
    await state.baseline.histories.fill(["u1", "u2"]);
    await state.stream.profiles.fill(["u1", "u2"]);
    await state.baseline.related.fill(["a", "b"]);
    await state.stream.neighbours.fill(["a", "b"]);
    store.related.set("a", items({ b: 1 }));
    const watch = { eventId: "watch-1", userId: "u1", itemId: "c", signal: "view", tsMs: 1 } as const;
    state.overlayAdd([{ ...watch, origin: "stream" }]);
    state.apply({
      userIds: ["u1"],
      itemIds: [],
      relatedItemIds: ["a"],
      ruleItemIds: [],
      eventIds: ["watch-1"],
    });
    expect(state.baseline.histories.get("u1")).toBeUndefined();
    expect(state.baseline.histories.get("u2")).toBeDefined();
    expect(state.stream.profiles.get("u1")).toBeUndefined();
    expect(state.stream.profiles.get("u2")).toBeDefined();
    expect(state.baseline.related.get("a")?.slots.length).toBe(0);
    expect(state.baseline.related.get("b")).toBeDefined();
    expect(state.stream.neighbours.get("a")).toBeDefined();
    expect(state.stream.neighbours.get("b")).toBeDefined();
    await clock.advance(100);
    expect(state.baseline.related.get("a")?.slots.length).toBe(1);
    expect([count("related"), count("neighbours")]).toEqual([2, 2]);
    expect(state.overlay.size).toBe(0);
  });

  test("adds its caches up", async () => {
    const { state } = setUp();
    await state.baseline.histories.fill(["u1"]);
    await state.baseline.related.fill(["a", "b"]);
    state.baseline.histories.get("u1");
    state.titles.get("a");
    expect(state.statistics()).toEqual({ hits: 1, misses: 1, errors: 0, size: 3, lastError: null });
  });

  test("ends after the snapshot that is being written, and saves no other", async () => {
    const writing = Promise.withResolvers<void>();
    const { warmUp, state, clock } = setUp({ save: () => writing.promise });
    await warmUp(100);
    let ended = false;
    const end = state[Symbol.asyncDispose]().then(() => {
      ended = true;
    });
    await clock.advance(0);
    expect(ended).toBe(false);
    writing.resolve();
    await end;
    await clock.advance(0);
    expect(clock.pendingTimers()).toBe(0);
  });

  test("leaves no timer behind", async () => {
    const { warmUp, state, clock } = setUp();
    await warmUp(100);
    state.apply({ userIds: [], itemIds: ["a"], relatedItemIds: [], ruleItemIds: [], eventIds: [] });
    await state[Symbol.asyncDispose]();
    await clock.advance(0);
    expect(clock.pendingTimers()).toBe(0);
  });
});
