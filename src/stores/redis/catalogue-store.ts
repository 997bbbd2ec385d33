/**
 * What nodes share of catalogue recall: answers as texts, and the sorted sets of trending items.
 *
 * A set ends an hour or a day after its first signal, and begins anew with the next one. Signals are counted once their
 * event was committed; what cannot be sent is lost, because counts of the moment are not worth an outbox.
 */

import type { Clock, Timer } from "../../core/clock.ts";
import { type Deadline, DeadlineExceededError } from "../../core/deadline.ts";
import type { Random } from "../../core/random.ts";
import type { Interaction } from "../../events/model.ts";
import type { SharedTexts, Timeframe, TrendingSets } from "../../recommend/catalogue/ports.ts";
import type { ScoredItem } from "../../recommend/ports.ts";
import { type RedisClient, RedisConnection } from "./connection.ts";

const MAX_WAIT_MS = 50;
/** Texts on their way; one that finds more is left out. */
const MAX_SETS = 200;
const FLUSH_MS = 250;
/** Items between two flushes. */
const MAX_ITEMS = 10_000;
/** Of one set: those with fewest points leave. */
const MAX_MEMBERS = 10_000;
const SIGNAL_POINTS = { view: 1, click: 3, purchase: 3 } as const;
const WINDOW_MS: Readonly<Record<Timeframe, number>> = { "1h": 3_600_000, "24h": 86_400_000 };

const keyOf = (timeframe: Timeframe) => `trending:${timeframe}`;

const COUNT = `
for place = 3, #ARGV, 2 do redis.call('ZINCRBY', KEYS[1], ARGV[place + 1], ARGV[place]) end
if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[2]))
return 1`;

export interface RedisCatalogueOptions {
  readonly url: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  /** A read took too long. */
  readonly onLate: () => void;
  /** Once for each change of the connection. */
  readonly onChange: (state: "up" | Error) => void;
}

export class RedisCatalogue implements SharedTexts, TrendingSets, AsyncDisposable {
  readonly #options: RedisCatalogueOptions;
  readonly #connection: RedisConnection;
  readonly #points = { "1h": new Map<string, number>(), "24h": new Map<string, number>() };
  #sets = 0;
  #timer: Timer | null = null;

  constructor(options: RedisCatalogueOptions) {
    this.#options = options;
    this.#connection = new RedisConnection(options);
  }

  /** Resolves when the first attempt to connect has ended, well or not. */
  get tried(): Promise<void> {
    return this.#connection.tried;
  }

  async get(key: string, deadline: Deadline): Promise<string | null> {
    return this.#ask((client) => client.get(key), deadline);
  }

  set(key: string, text: string, ttlMs: number): void {
    if (this.#sets >= MAX_SETS) return;
    this.#sets++;
    const seconds = Math.max(1, Math.ceil(ttlMs / 1_000));
    void this.#connection
      .send((client) => client.setEx(key, seconds, text), this.#options.timeoutMs)
      .catch(() => {}) // The next good answer is set again.
      .finally(() => {
        this.#sets--;
      });
  }

  async top(timeframe: Timeframe, limit: number, deadline: Deadline): Promise<readonly ScoredItem[] | null> {
    return this.#ask(async (client) => {
      const range = ["ZREVRANGE", keyOf(timeframe), "0", String(limit - 1), "WITHSCORES"];
      const flat = await client.sendCommand<readonly string[]>(range);
      return Array.from({ length: flat.length / 2 }, (_, place) => ({
        itemId: flat[place * 2] as string,
        score: Number(flat[place * 2 + 1]),
      }));
    }, deadline);
  }

  /** Committed signals; older ones than a window do not count in it. Returns at once. */
  count(interactions: readonly Interaction[]): void {
    if (interactions.length === 0) return;
    const nowMs = this.#options.clock.nowMs();
    for (const timeframe of ["1h", "24h"] as const) {
      const points = this.#points[timeframe];
      for (const { itemId, signal, tsMs } of interactions) {
        if (nowMs - tsMs > WINDOW_MS[timeframe]) continue;
        if (points.size >= MAX_ITEMS && !points.has(itemId)) continue;
        points.set(itemId, (points.get(itemId) ?? 0) + SIGNAL_POINTS[signal]);
      }
    }
    this.#timer ??= this.#options.clock.schedule(FLUSH_MS, () => void this.#flush(), { unref: true });
  }

  /** Sends what was counted, where Redis answers in time, and closes the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel();
    await this.#flush();
    await this.#connection[Symbol.asyncDispose]();
  }

  async #flush(): Promise<void> {
    this.#timer = null;
    await Promise.all((["1h", "24h"] as const).map((timeframe) => this.#send(timeframe)));
  }

  async #send(timeframe: Timeframe): Promise<void> {
    const points = this.#points[timeframe];
    if (points.size === 0) return;
    const pairs = [...points].flatMap(([itemId, count]) => [itemId, String(count)]);
    points.clear();
    const ttlSec = String(WINDOW_MS[timeframe] / 1_000);
    const args = ["EVAL", COUNT, "1", keyOf(timeframe), ttlSec, String(MAX_MEMBERS), ...pairs];
    await this.#connection
      .send((client) => client.sendCommand(args), this.#options.timeoutMs)
      .catch(() => {}); // As said above.
  }

  async #ask<T>(command: (client: RedisClient) => Promise<T>, deadline: Deadline): Promise<T | null> {
    const limitMs = Math.min(MAX_WAIT_MS, this.#options.timeoutMs, deadline.remainingMs());
    if (limitMs <= 0) return null;
    try {
      return await this.#connection.send(command, limitMs);
    } catch (error) {
      if (error instanceof DeadlineExceededError) this.#options.onLate();
      return null;
    }
  }
}
