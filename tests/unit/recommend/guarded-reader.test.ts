/** Reads behind the breaker settle in time, and an open breaker keeps the store in peace. */

import { describe, expect, test } from "bun:test";
import { Breaker, BreakerOpenError, dependencyBreaker } from "../../../src/core/breaker.ts";
import { Deadline, DeadlineExceededError } from "../../../src/core/deadline.ts";
import { StoreDataError, StoreUnavailableError } from "../../../src/core/errors.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { degradeCause, guardReader } from "../../../src/recommend/guarded-reader.ts";
import { fakeReader, items } from "../../support/fake-feature-reader.ts";
import { manualClock } from "../../support/manual-clock.ts";

function setUp() {
  const clock = manualClock();
  const fake = fakeReader(clock, { popularity: items({ a: 1 }) });
  const breaker = new Breaker({ settings: dependencyBreaker(100), clock, random: seededRandom(1) });
  const reader = guardReader(fake.reader, breaker);
  const read = () => reader.popularity(10, Deadline.after(250, clock));
  const outcomes = (count: number) => Promise.allSettled(Array.from({ length: count }, read));
  return { ...fake, clock, breaker, reader, read, outcomes };
}

describe("guarded reader", () => {
  test("passes every read on with its arguments and its answer", async () => {
    const { clock, reader, reads } = setUp();
    const deadline = Deadline.after(250, clock);
    expect(await reader.popularity(5, deadline)).toEqual(items({ a: 1 }));
    expect(await reader.popularityOf(["a"], deadline)).toEqual(items({ a: 1 }));
    expect(await reader.related(["a"], 7, deadline)).toEqual(new Map([["a", []]]));
    expect(await reader.neighbours(["a"], 6, deadline)).toEqual(
      new Map([["a", { totalWeight: 0, items: [] }]]),
    );
    expect(await reader.histories(["u"], 9, deadline)).toEqual(new Map([["u", []]]));
    expect(await reader.recentEvents(["u"], 8, deadline)).toEqual(
      new Map([["u", { itemIds: [], tsMs: [], weights: [] }]]),
    );
    expect(await reader.decayedPopularity(4, deadline)).toEqual([]);
    expect(await reader.decayedPopularityOf(["a"], deadline)).toEqual([]);
    expect(await reader.items(["a"], deadline)).toEqual([]);
    expect(reads).toEqual([
      { name: "popularity", args: [5] },
      { name: "popularityOf", args: [["a"]] },
      { name: "related", args: [["a"], 7] },
      { name: "neighbours", args: [["a"], 6] },
      { name: "histories", args: [["u"], 9] },
      { name: "recentEvents", args: [["u"], 8] },
      { name: "decayedPopularity", args: [4] },
      { name: "decayedPopularityOf", args: [["a"]] },
      { name: "items", args: [["a"]] },
    ]);
  });

  test("a frozen store costs its callers one timeout, then nothing", async () => {
    const { clock, store, breaker, outcomes, read, count } = setUp();
    store.mood = { kind: "frozen" };
    const waiting = outcomes(20);
    await clock.advance(250);
    for (const outcome of await waiting) {
      expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(DeadlineExceededError) });
    }
    expect(breaker.state).toBe("open");
    await expect(read()).rejects.toBeInstanceOf(BreakerOpenError);
    expect(count("popularity")).toBe(20);
  });

  test("data that the store refuses does not open the breaker", async () => {
    const { store, breaker, outcomes } = setUp();
    store.mood = { kind: "failing", error: new StoreDataError("22021", "invalid byte sequence") };
    await outcomes(40);
    expect(breaker.state).toBe("closed");
  });

  test.each([
    ["a passed deadline", new DeadlineExceededError("late"), "timeout"],
    ["a statement timeout", new StoreUnavailableError("timeout", "late"), "timeout"],
    ["a full pool", new StoreUnavailableError("pool", "no connection"), "overload"],
    ["a refused connection", new StoreUnavailableError("connect", "refused"), "error"],
    ["an open breaker", new BreakerOpenError("open"), "error"],
    ["any other failure", new TypeError("bug"), "error"],
  ] as const)("%s degrades an answer by its own cause", (_, error, cause) => {
    expect(degradeCause(error)).toBe(cause);
  });
});
