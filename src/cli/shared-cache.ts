/** Has the nodes that share a Redis forget what a command made old; without Redis a tree's memory ends by itself. */

import type { Config } from "../config/config.ts";
import { systemClock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import { ENTRY_PREFIXES } from "../recommend/shared-invalidation.ts";

/** Enough to walk through tens of millions of keys; nobody waits for longer than that after the work is done. */
const TIMEOUT_MS = 30_000;

/** Held while a command commits: it is done at the end, also of a command that failed half way. Never rejects. */
export function forgetShared({ cache }: Config): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      if (!cache.enabled || cache.redis === null) return;
      // The client is loaded only where there is a server to ask.
      const { emptyCache } = await import("../stores/redis/empty-cache.ts");
      const server = { ...cache.redis, clock: systemClock, prefixes: ENTRY_PREFIXES };
      try {
        await emptyCache(server, Deadline.after(TIMEOUT_MS));
      } catch (error) {
        console.error(
          `the cache on Redis could not be emptied: ${asError(error).message}; ` +
            `answers may be as they were for ${oldForSec(cache)} s more`,
        );
      }
    },
  };
}

/** An entry that a worker takes from Redis at its end lives once more in the worker's memory. */
const oldForSec = ({ historyTtlMs, relatedTtlMs, popularityTtlMs }: Config["cache"]) =>
  Math.ceil((2 * Math.max(historyTtlMs, relatedTtlMs, popularityTtlMs)) / 1_000);
