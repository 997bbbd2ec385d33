/** Opens the cache that nodes share, where the configuration names one, and tells logs and metrics about it. */

import type { Config } from "../config/config.ts";
import type { FeatureChange } from "../events/ports.ts";
import type { Hearing } from "../stores/redis/hints.ts";
import type { RedisCache } from "../stores/redis/shared-cache.ts";
import type { ActorContext } from "../supervisor/actor.ts";
import type { Logger } from "../telemetry/logger.ts";
import { watchBreaker } from "./breaker-metrics.ts";
import type { Realm } from "./realm.ts";
import type { ActorArgs } from "./tree.ts";

const BREAKER_NAME = "cache";
const STATUSES = { done: "hit", missed: "miss" } as const;

/** Null with the memory backend, and where the cache is off. The client is loaded only where it is used. */
export async function openSharedCache(
  context: ActorContext<ActorArgs>,
  { metrics, log }: Realm,
): Promise<RedisCache | null> {
  const redis = redisOf(context.args.config);
  if (redis === null) return null;
  const { clock, random } = context;
  const { RedisCache } = await import("../stores/redis/shared-cache.ts");
  const late = { endpoint: "reco", operation: "redis_get" };
  return new RedisCache({
    ...redis,
    clock,
    random,
    observer: {
      ...watchBreaker(BREAKER_NAME, metrics, log),
      counted(operation, outcome) {
        const status = operation === "get" && outcome in STATUSES ? STATUSES[outcome as "done"] : outcome;
        metrics.counter("cache_requests_total", { operation: `redis_${operation}`, status }).inc();
      },
      late: () => metrics.counter("recommendation_timeouts_total", late).inc(),
      connection(state) {
        if (state === "up") log.info({}, "redis.connected");
        else log.warn({ error: state.message }, "Redis connection failed");
      },
    },
  });
}

/** Hears from all nodes what changed in the store; null without a shared cache. */
export async function hearChanges(
  context: ActorContext<ActorArgs>,
  { log }: Realm,
  onChange: (change: FeatureChange) => void,
  /** Changes may have been missed, since nothing was heard for a while, or were too many to be named. */
  onGap: () => void,
): Promise<Hearing | null> {
  const redis = redisOf(context.args.config);
  if (redis === null) return null;
  const { CHANGES_CHANNEL, EVERYTHING, listen, readChange } = await import("../stores/redis/hints.ts");
  const hear = (message: string) => {
    if (message === EVERYTHING) return onGap();
    const change = readChange(message);
    if (change) onChange(change);
  };
  const { clock, random } = context;
  let wasLost = false;
  const tell = (state: "up" | Error) => {
    tellHints(log, CHANGES_CHANNEL, state);
    if (state === "up" && wasLost) onGap();
    wasLost = state !== "up";
  };
  return listen(CHANGES_CHANNEL, hear, { ...redis, clock, random, onChange: tell });
}

export function redisOf({ cache }: Config): { readonly url: string; readonly timeoutMs: number } | null {
  return cache.enabled ? cache.redis : null;
}

/** Less than a warning: without hints everything is found out later. */
export function tellHints(log: Logger, channel: string, state: "up" | Error): void {
  if (state === "up") log.info({ channel }, "redis.hints_connected");
  else log.info({ channel, error: state.message }, "redis.hints_lost");
}
