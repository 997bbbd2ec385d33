/** Empties the cache that nodes share, for commands that change more than they could name. */

import type { Clock } from "../../core/clock.ts";
import type { Deadline } from "../../core/deadline.ts";
import { systemRandom } from "../../core/random.ts";
import { RedisConnection } from "./connection.ts";
import { CHANGES_CHANNEL, EVERYTHING } from "./hints.ts";
import { CLOCK_KEY } from "./scripts.ts";

/** Keys that one step of the walk looks at: others wait for it. */
const STEP_KEYS = 1_000;

export interface EmptyCacheOptions {
  readonly url: string;
  /** Of the connection attempt and of each command. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** How the keys of entries begin. What else Redis holds stays. */
  readonly prefixes: readonly string[];
}

/**
 * Call it after the commit. Without its clock the cache refuses what was looked up before, as after a flush; then every
 * entry is taken out, and all nodes are told. Rejects with the reason when Redis does not answer in time.
 */
export async function emptyCache(
  { prefixes, ...server }: EmptyCacheOptions,
  deadline: Deadline,
): Promise<void> {
  let failure: Error | null = null;
  await using connection = new RedisConnection({
    ...server,
    random: systemRandom,
    onChange(state) {
      if (state !== "up") failure ??= state;
    },
  });
  await connection.tried;
  if (failure !== null) throw failure;
  const ask = (...command: string[]) => {
    const limitMs = Math.min(server.timeoutMs, deadline.remainingMs());
    return connection.send((client) => client.sendCommand<unknown>(command), limitMs);
  };
  await ask("DEL", CLOCK_KEY);
  let cursor = "0";
  do {
    const step = await ask("SCAN", cursor, "MATCH", "reco:*", "COUNT", String(STEP_KEYS));
    const [next, keys] = step as [string, string[]];
    const entries = keys.filter((key) => prefixes.some((prefix) => key.startsWith(prefix)));
    if (entries.length > 0) await ask("UNLINK", ...entries);
    cursor = next;
  } while (cursor !== "0");
  await ask("PUBLISH", CHANGES_CHANNEL, EVERYTHING);
}
