/** How long something is in doubt, and what happens when there is too much of it. */

import { expect, test } from "bun:test";
import { Doubts } from "../../../src/recommend/doubts.ts";
import { manualClock } from "../../support/manual-clock.ts";

test("a name is in doubt for one life, from its last change on", async () => {
  const clock = manualClock();
  const doubts = new Doubts({ clock, lifeMs: 100, maxNames: 10 });
  doubts.add(["a", "b"]);
  await clock.advance(60);
  doubts.add(["a"]);
  await clock.advance(60);
  expect([doubts.has("a"), doubts.has("b"), doubts.has("c")]).toEqual([true, false, false]);
  await clock.advance(60);
  expect(doubts.has("a")).toBe(false);
});

test("more than are remembered put everything in doubt for one life", async () => {
  const clock = manualClock();
  const doubts = new Doubts({ clock, lifeMs: 100, maxNames: 2 });
  doubts.add(["a", "b", "c"]);
  expect([doubts.has("a"), doubts.has("z")]).toEqual([true, true]);
  await clock.advance(100);
  expect([doubts.has("a"), doubts.has("z")]).toEqual([false, false]);
});

test("names whose time is over make room", async () => {
  const clock = manualClock();
  const doubts = new Doubts({ clock, lifeMs: 100, maxNames: 2 });
  doubts.add(["a", "b"]);
  await clock.advance(100);
  doubts.add(["c", "d"]);
  expect([doubts.has("c"), doubts.has("d"), doubts.has("z")]).toEqual([true, true, false]);
});
