/** The online cache, in a worker's memory and in Redis, against the one contract. */

import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  type CacheUnderTest,
  checkCommitSeen,
  checkStaleFillRefused,
  LIFE_MS,
  memoryUnderTest,
  redisUnderTest,
} from "../support/cache-checks.ts";
import { eventually } from "../support/eventually.ts";
import { items, watched } from "../support/fake-feature-reader.ts";
import { redisMissing, startRedis } from "../support/redis.ts";
import { aChange } from "../support/shared-caches.ts";

setDefaultTimeout(30_000);

describeOnlineCache("memory", async () => memoryUnderTest());

const missing = redisMissing();
if (missing !== null) {
  describe("online cache: redis", () => test.skip(missing, () => {}));
} else {
  describeOnlineCache("redis", async () => {
    const redis = await startRedis();
    const under = await redisUnderTest(redis.url);
    return {
      ...under,
      async [Symbol.asyncDispose]() {
        await under[Symbol.asyncDispose]();
        await redis[Symbol.asyncDispose]();
      },
    };
  });
}

/** Ids that would meet each other, or mean something else, if keys were put together carelessly. */
const ODD = [
  "a",
  "a:200",
  "a:200:200",
  "times:a",
  "10",
  "9",
  "__proto__",
  '"',
  "\\",
  '"}',
  "{tag}",
  "*",
  "ü",
  "😀",
  "\uffee",
  "%2e",
];

function describeOnlineCache(name: string, open: () => Promise<CacheUnderTest>): void {
  describe(`online cache: ${name}`, () => {
    let under: CacheUnderTest;

    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under[Symbol.asyncDispose]());

    test("reads the store once for what it then keeps", async () => {
      under.fake.store.history.set("u-1", watched("i-1", "i-2"));
      under.fake.store.recent.set("u-1", { itemIds: ["i-1", "i-2", "i-1"], tsMs: [1, 2, 3] });
      under.fake.store.related.set("i-1", items({ "i-2": 7, "i-3": 2 }));
      for (let turn = 0; turn < 3; turn++) {
        expect((await under.history("u-1")).get("u-1")).toEqual(["i-1", "i-2"]);
        expect((await under.seen("u-1")).get("u-1")).toEqual(["i-1", "i-2", "i-1"]);
        expect((await under.related("i-1")).get("i-1")).toEqual(["i-2=7", "i-3=2"]);
        await under.settled();
      }
      const counts = (["histories", "recentEvents", "related"] as const).map((read) =>
        under.fake.count(read),
      );
      expect(counts).toEqual([1, 1, 1]);
    });

    test("reads of many what it lacks", async () => {
      await under.history("u-1", "u-3");
      await under.settled();
      await under.history("u-1", "u-2", "u-3");
      expect(under.fake.reads.map(({ args }) => args[0])).toEqual([["u-1", "u-3"], ["u-2"]]);
    });

    test("keeps empty lists as well as full ones", async () => {
      for (let turn = 0; turn < 2; turn++) {
        expect((await under.history("nobody")).get("nobody")).toEqual([]);
        expect((await under.related("nothing")).get("nothing")).toEqual([]);
        await under.settled();
      }
      expect(under.fake.reads).toHaveLength(2);
    });

    test("gives every id an entry of its own, and its items in order, whatever they look like", async () => {
      ODD.forEach((id, place) => {
        under.fake.store.history.set(id, watched(id, `of ${place}`));
        // In the store's order: by score, and equal ones as the store has them.
        under.fake.store.related.set(id, [
          { itemId: `best ${place}`, score: 2.5 },
          ...ODD.map((itemId) => ({ itemId, score: 1 })),
        ]);
      });
      for (let turn = 0; turn < 2; turn++) {
        const [histories, related] = [await under.history(...ODD), await under.related(...ODD)];
        ODD.forEach((id, place) => {
          expect(histories.get(id)).toEqual([id, `of ${place}`]);
          expect(related.get(id)).toEqual([`best ${place}=2.5`, ...ODD.map((itemId) => `${itemId}=1`)]);
        });
        await under.settled();
      }
      expect(under.fake.reads).toHaveLength(2);
    });

    test("lets an entry end", async () => {
      await under.history("u-1");
      await under.settled();
      under.fake.store.history.set("u-1", watched("later"));
      await eventually(async () => expect((await under.history("u-1")).get("u-1")).toEqual(["later"]), {
        timeoutMs: 5 * LIFE_MS,
        intervalMs: LIFE_MS / 5,
      });
    });

    test("keeps nothing of a read that failed", async () => {
      under.fake.store.mood = { kind: "failing", error: new Error("no store") };
      await expect(under.history("u-1")).rejects.toThrow("no store");
      under.fake.store.mood = { kind: "well" };
      under.fake.store.history.set("u-1", watched("i-1"));
      expect((await under.history("u-1")).get("u-1")).toEqual(["i-1"]);
    });

    test("finds what was committed, although it was read until the last moment before", () =>
      checkCommitSeen(under));

    test("F39: refuses what a slow reader read before a commit", () => checkStaleFillRefused(under));

    test("finds new transitions after a commit", async () => {
      under.fake.store.related.set("i-1", items({ "i-2": 1 }));
      await under.related("i-1");
      await under.settled();
      under.fake.store.related.set("i-1", items({ "i-2": 2 }));
      under.committed(aChange({ relatedItemIds: ["i-1"] }));
      await eventually(async () => expect((await under.related("i-1")).get("i-1")).toEqual(["i-2=2"]));
    });
  });
}
