/**
 * The scripts of the shared cache. Redis runs each without anything between.
 *
 * A clock in Redis orders look-ups and invalidations: each takes a tick, which is the time in microseconds, or one more
 * than the last tick where that is later. An invalidation leaves its tick at `reco:version:<key>` for a while. A fill
 * carries the tick of the look-up before it, and is refused where the version is later, where it is older than versions
 * are kept, and where it is from before the clock was made: then the cache was emptied, and its versions with it.
 */

import { createHash } from "node:crypto";
import type { RedisClient } from "./connection.ts";

interface Script {
  readonly text: string;
  readonly digest: string;
}

export const CLOCK_KEY = "reco:cache_clock";
const VERSION_SEC = 10;
const MAX_FILL_AGE_US = 5_000_000;

const PREAMBLE = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local known = redis.call('HMGET', KEYS[1], 'born', 'last')
local born, last = tonumber(known[1] or nil), tonumber(known[2] or nil)
local function tick()
  local at = string.format('%.0f', math.max(now, (last or 0) + 1))
  if born and last then redis.call('HSET', KEYS[1], 'last', at)
  else redis.call('HSET', KEYS[1], 'born', at, 'last', at) end
  return at
end
`;

/** Answers the tick, empty where nothing can be filled, and the texts. */
const LOOK_UP = script(`${PREAMBLE}
local texts = redis.call('MGET', unpack(KEYS, 2))
for place = 1, #KEYS - 1 do
  if not texts[place] then return {tick(), texts} end
end
return {'', texts}`);

/** Answers how many entries were kept. */
const FILL = script(`${PREAMBLE}
local stamp = tonumber(ARGV[1])
if not stamp or not born or born > stamp or now - stamp > tonumber(ARGV[2]) then return 0 end
local kept = 0
for place = 2, #KEYS do
  local version = tonumber(redis.call('GET', 'reco:version:' .. KEYS[place]) or nil)
  if not version or version < stamp then
    redis.call('SETEX', KEYS[place], ARGV[place * 2 - 1], ARGV[place * 2])
    kept = kept + 1
  end
end
return kept`);

const INVALIDATE = script(`${PREAMBLE}
local version = tick()
for place = 2, #KEYS do
  redis.call('SETEX', 'reco:version:' .. KEYS[place], ARGV[1], version)
  redis.call('DEL', KEYS[place])
end
redis.call('PUBLISH', ARGV[2], ARGV[3])
return #KEYS - 1`);

export async function lookUp(client: RedisClient, keys: readonly string[]) {
  const answer = await run(client, LOOK_UP, keys, []);
  const [stamp, texts] = answer as [string, (string | null)[]];
  return { stamp, texts };
}

export async function fill(
  client: RedisClient,
  stamp: string,
  entries: readonly { readonly key: string; readonly text: string; readonly ttlMs: number }[],
): Promise<number> {
  const keys = entries.map(({ key }) => key);
  const args = entries.flatMap(({ text, ttlMs }) => [String(Math.max(1, Math.ceil(ttlMs / 1_000))), text]);
  return (await run(client, FILL, keys, [stamp, String(MAX_FILL_AGE_US), ...args])) as number;
}

export async function invalidate(
  client: RedisClient,
  keys: readonly string[],
  channel: string,
  message: string,
): Promise<void> {
  await run(client, INVALIDATE, keys, [String(VERSION_SEC), channel, message]);
}

/** By its digest; in full where Redis does not have it, or has lost it. */
async function run(client: RedisClient, { text, digest }: Script, keys: readonly string[], args: string[]) {
  const rest = [String(keys.length + 1), CLOCK_KEY, ...keys, ...args];
  try {
    return await client.sendCommand<unknown>(["EVALSHA", digest, ...rest]);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return await client.sendCommand<unknown>(["EVAL", text, ...rest]);
  }
}

function script(text: string): Script {
  return { text, digest: createHash("sha1").update(text).digest("hex") };
}
