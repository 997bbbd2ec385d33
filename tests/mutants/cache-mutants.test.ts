/** The shared cache with one guarantee broken at a time: the check that the real one passes must catch it. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import type { SharedCache } from "../../src/recommend/ports.ts";
import { checkCommitSeen, checkStaleFillRefused, redisUnderTest } from "../support/cache-checks.ts";
import { redisMissing, startRedis, type TestRedis } from "../support/redis.ts";
import { aChange } from "../support/shared-caches.ts";

const missing = redisMissing();

/** Every fill carries the stamp of this moment, and so is never too old. */
const noVersionCompare = (cache: SharedCache): SharedCache => ({
  lookUp: (keys, deadline) => cache.lookUp(keys, deadline),
  invalidate: (keys, change) => cache.invalidate(keys, change),
  async fill(_stamp, entries) {
    const now = await cache.lookUp(["a key that nobody has"], Deadline.after(1_000));
    cache.fill(now?.stamp ?? "", entries);
  },
});

describe.skipIf(missing !== null)(`cache mutants${missing === null ? "" : ` (${missing})`}`, () => {
  let redis: TestRedis;

  beforeAll(async () => {
    redis = await startRedis();
  });
  beforeEach(() => redis.ask("FLUSHALL"));
  afterAll(() => redis?.[Symbol.asyncDispose]());

  test("a fill without the version compare is caught by the slow reader", async () => {
    await using under = await redisUnderTest(redis.url, noVersionCompare);
    expect(await failure(checkStaleFillRefused(under))).toContain('"new"');
  });

  test("an invalidation before the commit is caught by a reader between the two", async () => {
    await using under = await redisUnderTest(redis.url);
    const check = checkCommitSeen(under, (store) => ({
      store: {
        async accept(plans, deadline) {
          under.committed(aChange({ userIds: ["u-1"] }));
          return await store.accept(plans, deadline);
        },
      },
      onApplied: () => {},
    }));
    expect(await failure(check)).toContain('"new"');
  });
});

/** The message with which a check failed; "passed" when it did not. */
const failure = (check: Promise<void>): Promise<string> =>
  check.then(
    () => "passed",
    (error: Error) => error.message,
  );
