/** What the first callers find because requests were rehearsed. */

import { expect, test } from "bun:test";
import { Deadline } from "../../../src/core/deadline.ts";
import { rehearse } from "../../../src/recommend/rehearsal.ts";
import { serving } from "../../support/serving.ts";

const decayed = Array.from({ length: 40 }, (_, place) => ({
  itemId: `i${place}`,
  score: 100 - place,
  category: null,
}));

function setUp() {
  const served = serving({ contents: { decayed }, settings: { policy: "stream-v1" } });
  const rehearsed = async (budgetMs: number) => {
    const deadline = Deadline.after(budgetMs, served.clock);
    const ended = rehearse(served.recommender, served.state, "nobody", deadline);
    await served.clock.advance(budgetMs);
    await ended;
  };
  return { ...served, rehearsed };
}

test("what follows popular items is in memory, and so are their titles", async () => {
  const { warmUp, rehearsed, ask, count } = setUp();
  await warmUp();
  await rehearsed(10_000);
  const [neighbours, titles] = [count("neighbours"), count("items")];
  expect(neighbours).toBeGreaterThan(0);
  const { degraded } = await ask("reco", { sessionEvents: [{ itemId: "i3", weight: 1, tsMs: 1 }] });
  expect([degraded, count("neighbours"), count("items")]).toEqual([null, neighbours, titles]);
});

test("a store that hangs is not waited for longer than there is time", async () => {
  const { warmUp, rehearsed, store, clock } = setUp();
  await warmUp();
  store.mood = { kind: "frozen" };
  const startedMs = clock.monotonicMs();
  await rehearsed(2_000);
  expect(clock.monotonicMs() - startedMs).toBe(2_000);
});

test("without popular items there is nothing to rehearse", async () => {
  const { rehearsed, count } = setUp();
  await rehearsed(1_000);
  expect([count("neighbours"), count("items")]).toEqual([0, 0]);
});
