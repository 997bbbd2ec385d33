/**
 * A connection to Redis that never makes anybody wait for longer than asked.
 *
 * A command that is late costs its client: it is destroyed, and a new one connects in the background, after a pause
 * that grows. While there is none, commands are refused at once; nothing is queued or sent again. A ping now and then
 * finds out what no command does.
 */

import { createClient } from "@redis/client";
import type { Clock } from "../../core/clock.ts";
import { Deadline, DeadlineExceededError } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";
import type { Random } from "../../core/random.ts";
import { exponentialDelay, jittered } from "../../core/retry-delay.ts";

export type RedisClient = ReturnType<typeof newClient>;

export interface RedisConnectionOptions {
  readonly url: string;
  /** Of a connection attempt and of a ping. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Done on each new client before it counts as connected. */
  readonly prepare?: (client: RedisClient) => Promise<unknown>;
  /** The connection was made, or a ping was answered. Must not throw. */
  readonly onAlive?: () => void;
  /** Called once for each change, and for a first attempt that fails. Must not throw. */
  readonly onChange: (state: "up" | Error) => void;
}

/** The command was not sent. */
export class NotConnectedError extends Error {
  override name = "NotConnectedError";
}

interface Live {
  readonly client: RedisClient;
  readonly ended: PromiseWithResolvers<Error>;
}

const PING_INTERVAL_MS = 500;
const MIN_PAUSE_MS = 50;
const MAX_PAUSE_MS = 800;
const JITTER = 0.2;
/** A connection that lived for so long was a good one: the pauses start small again. */
const GOOD_LIFE_MS = 2_000;
/** A timer that is late by more than this says that the event loop was busy: the answer may be there, unread. */
const LATE_MS = 10;
const MAX_COMMANDS = 2_000;

export class RedisConnection implements AsyncDisposable {
  readonly #options: RedisConnectionOptions;
  readonly #stopping = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  /** Connected, or about to. */
  #current: Live | null = null;
  #live: Live | null = null;
  #told: "nothing" | "up" | "down" = "nothing";

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  get isUp(): boolean {
    return this.#live !== null;
  }

  /** Resolves when the first attempt to connect has ended, well or not. */
  get tried(): Promise<void> {
    return this.#first.promise;
  }

  /** Rejects with DeadlineExceededError after `timeoutMs`, at once with NotConnectedError, or as the command does. */
  async send<T>(command: (client: RedisClient) => Promise<T>, timeoutMs: number): Promise<T> {
    const live = this.#live;
    if (live === null) throw new NotConnectedError("not connected to Redis");
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const answer = command(live.client);
    const within = (ms: number) => Deadline.after(ms, clock).race(answer);
    try {
      try {
        return await within(timeoutMs);
      } catch (error) {
        const isLate = error instanceof DeadlineExceededError;
        if (!isLate || clock.monotonicMs() - startedMs < timeoutMs + LATE_MS) throw error;
        return await within(LATE_MS);
      }
    } catch (error) {
      if (error instanceof DeadlineExceededError) {
        this.#end(live, new Error(`Redis did not answer within ${Math.round(timeoutMs)} ms`));
      }
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    if (this.#current) this.#end(this.#current, new Error("closed"));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#stopping;
    for (let failures = 1; !signal.aborted; failures++) {
      const startedMs = clock.monotonicMs();
      const error = await this.#connectOnce();
      this.#first.resolve();
      if (signal.aborted) return;
      this.#tell(error);
      if (clock.monotonicMs() - startedMs > GOOD_LIFE_MS + this.#options.timeoutMs) failures = 1;
      await clock.sleep(
        jittered(exponentialDelay(failures, MIN_PAUSE_MS, MAX_PAUSE_MS), JITTER, random),
        signal,
      );
    }
  }

  /** Connects once and answers why that failed or how it ended. */
  async #connectOnce(): Promise<Error> {
    const { url, timeoutMs, clock, prepare } = this.#options;
    const live: Live = { client: newClient(url, timeoutMs), ended: Promise.withResolvers() };
    this.#current = live;
    live.client.on("error", (error) => live.ended.resolve(asError(error)));
    live.client.on("end", () => live.ended.resolve(new Error("Redis closed the connection")));
    const connected = (async () => {
      await live.client.connect();
      await prepare?.(live.client);
      return null;
    })();
    try {
      const error = await Deadline.after(timeoutMs, clock).race(
        Promise.race([connected, live.ended.promise]),
      );
      if (error !== null) throw error;
      this.#live = live;
      this.#first.resolve();
      this.#tell("up");
      return await this.#watch(live);
    } catch (error) {
      return asError(error);
    } finally {
      this.#end(live, new Error("closed"));
    }
  }

  /** Answers how the connection ended. */
  async #watch(live: Live): Promise<Error> {
    const { timeoutMs, clock, onAlive } = this.#options;
    const { signal } = this.#stopping;
    onAlive?.();
    while (true) {
      const pause = clock.sleep(PING_INTERVAL_MS, signal).then(() => null);
      const error = await Promise.race([live.ended.promise, pause]);
      if (error !== null) return error;
      if (signal.aborted) return new Error("closed");
      try {
        await this.send((client) => client.ping(), timeoutMs);
        onAlive?.();
      } catch (failure) {
        // Whether the connection is lost is for `ended` to say: the server may refuse a ping while it loads.
        if (this.#live !== live) return asError(failure);
      }
    }
  }

  #end(live: Live, error: Error): void {
    if (this.#live === live) this.#live = null;
    live.ended.resolve(error);
    if (live.client.isOpen) live.client.destroy();
  }

  #tell(state: "up" | Error): void {
    const told = state === "up" ? "up" : "down";
    if (told === this.#told) return;
    this.#told = told;
    this.#options.onChange(state);
  }
}

function newClient(url: string, connectTimeout: number) {
  return createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: "disabled",
    commandsQueueMaxLength: MAX_COMMANDS,
    socket: { connectTimeout, reconnectStrategy: false },
  });
}
