/** Checks that the Redis server of the online cache answers. */

import type { Config } from "../../config/config.ts";
import { systemClock } from "../../core/clock.ts";
import { asError } from "../../core/errors.ts";
import { fail, pass, type Verdict, warn } from "./check.ts";

/** Below the time of a check, so that the reason is told. */
const TIMEOUT_MS = 3_000;

export async function checkRedis({ cache, roles }: Config): Promise<Verdict | null> {
  const isUsed = roles.some((role) => role !== "monitor");
  if (!cache.enabled || cache.redis === null || !isUsed) return null;
  // The client is loaded only where there is a server to ask.
  const { askRedis } = await import("../../stores/redis/server-version.ts");
  try {
    const timeoutMs = Math.min(cache.redis.timeoutMs, TIMEOUT_MS);
    return pass(`Redis ${await askRedis(cache.redis.url, timeoutMs, systemClock)}`);
  } catch (error) {
    const detail = `no answer from Redis: ${asError(error).message}; see ONLINE_CACHE_REDIS_URL`;
    return cache.strict ? fail(detail) : warn(`${detail}; until then memory and the database serve alone`);
  }
}
