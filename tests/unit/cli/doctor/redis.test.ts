/** What doctor says of Redis without a server. */

import { expect, test } from "bun:test";
import { checkRedis } from "../../../../src/cli/doctor/redis.ts";
import { configOf } from "./configs.ts";

const NOWHERE = { ONLINE_CACHE_BACKEND: "redis", REDIS_URL: "redis://:geheim@127.0.0.1:1/0" };

test("Redis does not arise without the backend, with the cache off, or without a role that uses it", async () => {
  expect(await checkRedis(configOf({ REDIS_URL: NOWHERE.REDIS_URL }))).toBeNull();
  expect(await checkRedis(configOf({ ...NOWHERE, ONLINE_CACHE_ENABLED: "false" }))).toBeNull();
  expect(await checkRedis(configOf({ ...NOWHERE, RECO_ROLES: "monitor" }))).toBeNull();
});

test("a server that does not answer is a warning, and a failure where nothing is served without it", async () => {
  const verdict = await checkRedis(configOf(NOWHERE));
  expect(verdict?.status).toBe("warn");
  expect(verdict?.detail).toContain("ECONNREFUSED");
  expect(verdict?.detail).not.toContain("geheim");
  expect((await checkRedis(configOf({ ...NOWHERE, ONLINE_CACHE_STRICT_BACKEND: "true" })))?.status).toBe(
    "fail",
  );
});
