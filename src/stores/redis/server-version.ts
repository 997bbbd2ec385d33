/** Asks a Redis server who it is. */

import type { Clock } from "../../core/clock.ts";
import { systemRandom } from "../../core/random.ts";
import { RedisConnection } from "./connection.ts";

/** Rejects with the reason when the server does not answer within `timeoutMs`. */
export async function askRedis(url: string, timeoutMs: number, clock: Clock): Promise<string> {
  let failure: Error | null = null;
  await using connection = new RedisConnection({
    url,
    timeoutMs,
    clock,
    random: systemRandom,
    onChange(state) {
      if (state !== "up") failure ??= state;
    },
  });
  await connection.tried;
  if (failure !== null) throw failure;
  const info = await connection.send((client) => client.info("server"), timeoutMs);
  return /^redis_version:(.*)$/m.exec(info)?.[1]?.trim() ?? "of an unknown version";
}
