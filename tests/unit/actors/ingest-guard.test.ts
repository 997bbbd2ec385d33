/** Writes are kept from a store that takes none, and only from such a one. */

import { describe, expect, test } from "bun:test";
import { guardIngest } from "../../../src/actors/ingest-guard.ts";
import { Breaker, dependencyBreaker } from "../../../src/core/breaker.ts";
import { Deadline } from "../../../src/core/deadline.ts";
import { StoreDataError, StoreUnavailableError } from "../../../src/core/errors.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { manualClock } from "../../support/manual-clock.ts";

const NOTHING = { userIds: [], itemIds: [], relatedItemIds: [], ruleItemIds: [], eventIds: [] };

/** A breaker before a store that fails with whatever `error` is at the moment, and takes writes while it is null. */
function guarded(first: Error) {
  const clock = manualClock();
  const breaker = new Breaker({ settings: dependencyBreaker(1_000), clock, random: seededRandom(1) });
  const world: { error: Error | null } = { error: first };
  const store = guardIngest(
    {
      accept: async () => {
        if (world.error) throw world.error;
        return { outcomes: [], changed: NOTHING };
      },
    },
    breaker,
  );
  const write = async (times: number) => {
    for (let at = 0; at < times; at++) await store.accept([], Deadline.after(1_000, clock)).catch(() => {});
  };
  return { clock, breaker, world, store, write };
}

/** How often the store was asked in 40 writes that all fail with `error`, and the reason of the last refusal. */
async function writes(error: Error) {
  const clock = manualClock();
  const breaker = new Breaker({ settings: dependencyBreaker(1_000), clock, random: seededRandom(1) });
  let asked = 0;
  const store = guardIngest(
    {
      accept: async () => {
        asked++;
        throw error;
      },
    },
    breaker,
  );
  let last: unknown;
  for (let write = 0; write < 40; write++) {
    await store.accept([], Deadline.after(1_000, clock)).catch((thrown: unknown) => {
      last = thrown;
    });
  }
  return { asked, last, breaker };
}

describe("a guarded store", () => {
  test.each(["connect", "timeout", "read_only", "disk_full"] as const)(
    "is not asked on and on after %s",
    async (reason) => {
      const { asked, last, breaker } = await writes(new StoreUnavailableError(reason, "no"));
      expect(asked).toBe(20);
      expect(last).toBeInstanceOf(StoreUnavailableError);
      expect(breaker.state).toBe("open");
    },
  );

  test.each([
    ["a lock of others", new StoreUnavailableError("contention", "lock timeout")],
    ["a full pool", new StoreUnavailableError("pool", "no connection")],
    ["bad data", new StoreDataError("22003", "out of range")],
    ["a bug", new TypeError("x is undefined")],
  ])("is asked on after %s, whose error passes as it is", async (_what, error) => {
    const { asked, last, breaker } = await writes(error);
    expect(asked).toBe(40);
    expect(last).toBe(error);
    expect(breaker.state).toBe("closed");
  });

  test.each([
    ["connect", "half_open"],
    ["timeout", "half_open"],
    ["read_only", "open"],
    ["disk_full", "open"],
  ] as const)("that answers reads is asked at once after %s: %s", async (reason, expected) => {
    const { breaker, store, write } = guarded(new StoreUnavailableError(reason, "no"));
    await write(20);
    store.storeAnswered();
    expect(breaker.state).toBe(expected);
  });

  test.each(["pool", "contention"] as const)("is not taken for well because of %s", async (reason) => {
    const { clock, breaker, world, write } = guarded(new StoreUnavailableError("disk_full", "no"));
    await write(20);
    await clock.advance(2_000);
    world.error = new StoreUnavailableError(reason, "others are in the way");
    await write(10);
    const before = breaker.state;
    world.error = null;
    await write(3);
    expect([before, breaker.state]).toEqual(["half_open", "closed"]);
  });
});
