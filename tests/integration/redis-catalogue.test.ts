/** What catalogue recall shares through a real Redis, and that nobody waits for it when it is away. */

import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { Interaction } from "../../src/events/model.ts";
import { RedisCatalogue } from "../../src/stores/redis/catalogue-store.ts";
import { eventually } from "../support/eventually.ts";
import { redisMissing, startRedis, type TestRedis } from "../support/redis.ts";

setDefaultTimeout(30_000);

const missing = redisMissing();
const soon = () => Deadline.after(2_000);
const DAY_MS = 86_400_000;

function signal(itemId: string, kind: Interaction["signal"], ageMs = 0): Interaction {
  const tsMs = Date.now() - ageMs;
  return { eventId: `e-${itemId}`, userId: "u", itemId, signal: kind, tsMs, origin: "direct" };
}

describe.skipIf(missing !== null)(
  `catalogue recall on Redis${missing === null ? "" : ` (${missing})`}`,
  () => {
    let redis: TestRedis;

    beforeAll(async () => {
      redis = await startRedis();
    });
    beforeEach(() => redis.ask("FLUSHALL"));
    afterAll(() => redis?.[Symbol.asyncDispose]());

    async function open() {
      const late = { count: 0 };
      const store = new RedisCatalogue({
        url: redis.url,
        timeoutMs: 1_000,
        clock: systemClock,
        random: systemRandom,
        onLate: () => void late.count++,
        onChange: () => {},
      });
      await store.tried;
      return Object.assign(store, { late });
    }

    test("a text is there for others, for as long as it was meant to be", async () => {
      await using one = await open();
      await using other = await open();
      one.set("similar:x:10", "text", 300_000);
      await eventually(async () => expect(await other.get("similar:x:10", soon())).toBe("text"));
      expect(await redis.ask("TTL", "similar:x:10")).toBeOneOf([299, 300]);
      expect(await other.get("similar:y:10", soon())).toBeNull();
    });

    test("signals of all nodes are counted together, 1 for a view, 3 for a click or purchase", async () => {
      {
        await using one = await open();
        await using other = await open();
        one.count([signal("a", "view"), signal("b", "click")]);
        other.count([signal("a", "purchase")]);
        other.count([]);
      }
      await using reader = await open();
      const top = [
        { itemId: "a", score: 4 },
        { itemId: "b", score: 3 },
      ];
      expect(await reader.top("1h", 10, soon())).toEqual(top);
      expect(await reader.top("24h", 10, soon())).toEqual(top);
      expect(await reader.top("1h", 1, soon())).toEqual([{ itemId: "a", score: 4 }]);
      expect(await redis.ask("TTL", "trending:1h")).toBeOneOf([3_599, 3_600]);
      expect(await redis.ask("TTL", "trending:24h")).toBeOneOf([86_399, 86_400]);
    });

    test("a later signal does not prolong the life of a set", async () => {
      await redis.ask("ZADD", "trending:1h", "1", "a");
      await redis.ask("EXPIRE", "trending:1h", "100");
      {
        await using one = await open();
        one.count([signal("a", "view")]);
      }
      expect(await redis.ask("TTL", "trending:1h")).toBeOneOf([99, 100]);
      expect(await redis.ask("ZSCORE", "trending:1h", "a")).toBe("2");
    });

    test("a signal that is older than a window does not count in it", async () => {
      {
        await using one = await open();
        one.count([signal("old", "view", DAY_MS / 2), signal("ancient", "view", 2 * DAY_MS)]);
      }
      await using reader = await open();
      expect(await reader.top("1h", 10, soon())).toEqual([]);
      expect(await reader.top("24h", 10, soon())).toEqual([{ itemId: "old", score: 1 }]);
    });

    test("a set holds a bounded number of items, those with the most points", async () => {
      {
        await using one = await open();
        one.count(Array.from({ length: 10_000 }, (_, n) => signal(`i-${n}`, "view")));
      }
      {
        await using one = await open();
        one.count([signal("more", "click")]);
      }
      expect(await redis.ask("ZCARD", "trending:1h")).toBe(10_000);
      await using reader = await open();
      expect(await reader.top("1h", 1, soon())).toEqual([{ itemId: "more", score: 3 }]);
    });

    test("while Redis is frozen or gone nothing is known, and nobody waits for long", async () => {
      await using one = await open();
      redis.freeze();
      expect(await one.get("similar:x:10", soon())).toBeNull();
      expect(one.late.count).toBe(1);
      expect(await one.top("1h", 10, soon())).toBeNull();
      one.set("similar:x:10", "text", 1_000);
      one.count([signal("a", "view")]);
      redis.thaw();
      await eventually(async () => expect(await one.top("1h", 10, soon())).not.toBeNull());
    });
  },
);
