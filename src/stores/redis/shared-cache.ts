/** The cache that nodes share, on Redis: behind a breaker, and never waited for longer than a request can spare. */

import { Breaker, type BreakerObserver, BreakerOpenError, dependencyBreaker } from "../../core/breaker.ts";
import type { Clock } from "../../core/clock.ts";
import { type Deadline, DeadlineExceededError } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";
import type { Random } from "../../core/random.ts";
import type { FeatureChange } from "../../events/ports.ts";
import type { SharedCache, SharedEntry, SharedLookUp } from "../../recommend/ports.ts";
import { NotConnectedError, RedisConnection } from "./connection.ts";
import { CHANGES_CHANNEL } from "./hints.ts";
import { type Invalidation, OwedInvalidations } from "./owed-invalidations.ts";
import { fill, invalidate, lookUp } from "./scripts.ts";

export type CacheOperation = "get" | "set" | "delete";

export interface RedisCacheObserver extends BreakerObserver {
  /** `refused`: the entry was invalidated since it was read. `dropped`: more was owed than is remembered. */
  counted(operation: CacheOperation, outcome: "done" | "missed" | "refused" | "dropped" | "error"): void;
  /** A look-up took too long. */
  late(): void;
  /** Once for each change of the connection. */
  connection(state: "up" | Error): void;
}

export interface RedisCacheOptions {
  readonly url: string;
  /** Of a command; a look-up waits for `MAX_LOOK_UP_MS` at most. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: RedisCacheObserver;
}

export interface RedisCacheStatus {
  readonly isUp: boolean;
  readonly errors: number;
  readonly lastError: string | null;
}

const MAX_LOOK_UP_MS = 50;
/** A cache that takes longer saves no time. */
const SLOW_MS = 25;
/** Fills under way; a fill that finds more is left out. */
const MAX_FILLS = 200;
const isFailure = () => true;

export class RedisCache implements SharedCache, AsyncDisposable {
  readonly #options: RedisCacheOptions;
  readonly #connection: RedisConnection;
  readonly #breaker: Breaker;
  readonly #owed: OwedInvalidations;
  #fills = 0;
  #errors = 0;
  #lastError: string | null = null;

  constructor(options: RedisCacheOptions) {
    this.#options = options;
    const { clock, random, observer, timeoutMs } = options;
    this.#breaker = new Breaker({ settings: dependencyBreaker(SLOW_MS), clock, random, observer });
    this.#owed = new OwedInvalidations({
      send: (one) => this.#send(one),
      onDropped: () => observer.counted("delete", "dropped"),
      onFailed: (error) => this.#failed("delete", error),
    });
    this.#connection = new RedisConnection({
      url: options.url,
      timeoutMs,
      clock,
      random,
      onAlive: () => {
        this.#breaker.pingSucceeded();
        this.#owed.pay();
      },
      onChange: (state) => {
        if (state !== "up") this.#note(state);
        observer.connection(state);
      },
    });
  }

  /** Resolves when the first attempt to connect has ended, well or not. */
  get tried(): Promise<void> {
    return this.#connection.tried;
  }

  status(): RedisCacheStatus {
    return { isUp: this.#connection.isUp, errors: this.#errors, lastError: this.#lastError };
  }

  async lookUp(keys: readonly string[], deadline: Deadline): Promise<SharedLookUp | null> {
    const { timeoutMs, observer } = this.#options;
    const limitMs = Math.min(MAX_LOOK_UP_MS, timeoutMs, deadline.remainingMs());
    try {
      const found = await this.#breaker.run(
        () => this.#connection.send((client) => lookUp(client, keys), limitMs),
        isFailure,
      );
      for (const text of found.texts) observer.counted("get", text === null ? "missed" : "done");
      return found;
    } catch (error) {
      if (error instanceof DeadlineExceededError) observer.late();
      this.#failed("get", error);
      return null;
    }
  }

  fill(stamp: string, entries: readonly SharedEntry[]): void {
    if (stamp === "" || entries.length === 0 || this.#fills >= MAX_FILLS) return;
    void this.#fill(stamp, entries).catch((error) => this.#failed("set", error));
  }

  invalidate(keys: readonly string[], change: FeatureChange): void {
    this.#owed.add({ keys, message: JSON.stringify(change) });
  }

  /** Sends what is owed, where Redis answers in time, and closes the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owed.close();
    await this.#connection[Symbol.asyncDispose]();
  }

  async #fill(stamp: string, entries: readonly SharedEntry[]): Promise<void> {
    const { timeoutMs, observer } = this.#options;
    const send = () => this.#connection.send((client) => fill(client, stamp, entries), timeoutMs);
    this.#fills++;
    try {
      const kept = await this.#breaker.run(send, isFailure);
      for (let place = 0; place < entries.length; place++) {
        observer.counted("set", place < kept ? "done" : "refused");
      }
    } finally {
      this.#fills--;
    }
  }

  /** Past the breaker, which judges what requests wait for: an invalidation is owed until it is made. */
  async #send({ keys, message }: Invalidation): Promise<void> {
    const { timeoutMs, observer } = this.#options;
    await this.#connection.send((client) => invalidate(client, keys, CHANGES_CHANNEL, message), timeoutMs);
    observer.counted("delete", "done");
  }

  /** What was not even sent is no error: that it could not be was counted once. */
  #failed(operation: CacheOperation, error: unknown): void {
    if (error instanceof BreakerOpenError || error instanceof NotConnectedError) return;
    this.#options.observer.counted(operation, "error");
    this.#note(asError(error));
  }

  #note({ name, message }: Error): void {
    this.#errors++;
    this.#lastError = `${name}: ${message}`;
  }
}
