import { describe, expect, test } from "bun:test";
import type { VisibilityChanges, VisibilityReader } from "../../../src/recommend/ports.ts";
import { Visibility } from "../../../src/recommend/visibility.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { servingSettings } from "../../support/serving-settings.ts";

const NO_CHANGES: VisibilityChanges = { hidden: [], shown: [], isComplete: true, users: [] };

function setUp() {
  const clock = manualClock();
  const store = {
    all: ["gone"],
    changes: NO_CHANGES,
    byUser: new Map([["u1", ["a"]]]),
    fails: false,
    failsAll: false,
  };
  const asked: string[] = [];
  const answer = async <T>(name: string, value: () => T) => {
    asked.push(name);
    if (store.fails || (store.failsAll && name === "all")) throw new Error("no store");
    return value();
  };
  const reader: VisibilityReader = {
    hiddenItems: (after, limit) =>
      answer("all", () => store.all.filter((itemId) => itemId > (after ?? "")).slice(0, limit)),
    visibilityChanges: () => answer("changes", () => store.changes),
    hiddenByUsers: (ids) => answer("users", () => new Map(ids.map((id) => [id, store.byUser.get(id) ?? []]))),
  };
  let changes = 0;
  const visibility = new Visibility({
    reader,
    settings: servingSettings({}),
    clock,
    onChange: () => void changes++,
  });
  return { clock, store, asked, visibility, changes: () => changes };
}

describe("visibility", () => {
  test("knows the hidden items once it started, and tells of each change once", async () => {
    const { visibility, store, clock, changes } = setUp();
    await visibility.start();
    expect(visibility.items.has("gone")).toBe(true);
    store.changes = { ...NO_CHANGES, hidden: ["sold"], shown: ["gone"] };
    await clock.advance(600);
    expect([visibility.items.has("sold"), visibility.items.has("gone")]).toEqual([true, false]);
    await clock.advance(5_000);
    expect(changes()).toBe(2);
  });

  test("a user who hid something is read anew, once for each time", async () => {
    const { visibility, store, clock, asked } = setUp();
    await visibility.start();
    await visibility.ofUsers.fill(["u1"]);
    store.byUser.set("u1", ["a", "b"]);
    store.changes = { ...NO_CHANGES, users: [{ userId: "u1", atMs: 7 }] };
    await clock.advance(600);
    expect(visibility.ofUsers.get("u1")).toBeUndefined();
    await visibility.ofUsers.fill(["u1"]);
    await clock.advance(2_000);
    expect(visibility.ofUsers.get("u1")).toEqual(["a", "b"]);
    expect(asked.filter((name) => name === "users")).toHaveLength(2);
  });

  test("what a poll missed is found by the next whole read", async () => {
    const { visibility, store, clock } = setUp();
    await visibility.start();
    store.all = ["gone", "unseen"];
    await clock.advance(31_000);
    expect(visibility.items.has("unseen")).toBe(true);
  });

  test("while the store is away what is known stays in force, and is followed again afterwards", async () => {
    const { visibility, store, clock } = setUp();
    await visibility.start();
    store.fails = true;
    await clock.advance(40_000);
    expect(visibility.items.has("gone")).toBe(true);
    store.fails = false;
    store.all = ["other"];
    await clock.advance(600);
    expect([visibility.items.has("gone"), visibility.items.has("other")]).toEqual([false, true]);
  });

  test("changes are followed while the read of all items fails", async () => {
    const { visibility, store, clock } = setUp();
    await visibility.start();
    store.failsAll = true;
    await clock.advance(31_000);
    store.changes = { ...NO_CHANGES, hidden: ["sold"] };
    await clock.advance(600);
    expect([visibility.items.has("gone"), visibility.items.has("sold")]).toEqual([true, true]);
  });

  test("many hidden items come in pages, with what changes on the way", async () => {
    const { visibility, store, clock, asked } = setUp();
    store.fails = true;
    await visibility.start();
    store.fails = false;
    store.all = Array.from({ length: 25_000 }, (_, n) => `i${100_000 + n}`);
    asked.length = 0;
    await clock.advance(500);
    expect(asked).toEqual(["changes", "all", "all", "all", "all"]);
    store.changes = { ...NO_CHANGES, hidden: ["late"], shown: ["i100000"] };
    await clock.advance(500);
    const has = ["i100000", "i100001", "i124999", "late"].map((itemId) => visibility.items.has(itemId));
    expect(has).toEqual([false, true, true, true]);
  });

  test("changes that were cut off are found by a read of all items at once", async () => {
    const { visibility, store, clock } = setUp();
    await visibility.start();
    store.all = ["gone", "cut off"].sort();
    store.changes = { ...NO_CHANGES, isComplete: false };
    await clock.advance(600);
    expect(visibility.items.has("cut off")).toBe(true);
  });

  test("asks nothing any more once it is closed", async () => {
    const { visibility, clock, asked } = setUp();
    await visibility.start();
    visibility[Symbol.dispose]();
    const before = asked.length;
    await clock.advance(60_000);
    expect(asked).toHaveLength(before);
  });
});
