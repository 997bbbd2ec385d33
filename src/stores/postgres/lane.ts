/** A bounded set of connections for one kind of work, with a bounded queue in front. */

import type { Clock } from "../../core/clock.ts";
import { type Deadline, DeadlineExceededError } from "../../core/deadline.ts";
import { asError, StoreUnavailableError } from "../../core/errors.ts";

/** What a lane needs to know about a connection. */
export interface LaneClient {
  readonly lost: boolean;
  destroy(): void;
  end(): Promise<void>;
}

export interface LaneOptions<Client> {
  /** Connections at most. */
  readonly capacity: number;
  /** Connections kept open when idle. */
  readonly minIdle: number;
  readonly maxWaiters: number;
  /** An idle connection above `minIdle` is closed after this time. */
  readonly maxIdleMs: number;
  readonly open: (onLost: (client: Client) => void) => Promise<Client>;
  readonly clock: Clock;
}

interface Waiter<Client> {
  readonly resolve: (client: Client) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A connection is opening, idle, or in use. Opening goes on when its caller gives up, so that slow handshakes
 * end in a usable connection; whoever waits longest gets it.
 */
export class Lane<Client extends LaneClient> {
  readonly #options: LaneOptions<Client>;
  readonly #idle: { readonly client: Client; readonly sinceMs: number }[] = [];
  readonly #inUse = new Set<Client>();
  /** In use, and to be closed when released. */
  readonly #retired = new WeakSet<LaneClient>();
  readonly #waiters = new Set<Waiter<Client>>();
  #opening = 0;
  #closed = false;

  constructor(options: LaneOptions<Client>) {
    this.#options = options;
  }

  get inUse(): number {
    return this.#inUse.size;
  }

  get waiters(): number {
    return this.#waiters.size;
  }

  /** Throws StoreUnavailableError: `pool` without a free connection in time, `connect` when none can be opened. */
  async acquire(deadline: Deadline): Promise<Client> {
    if (this.#closed) throw closedError();
    const free = this.#idle.pop()?.client;
    if (free) {
      this.#inUse.add(free);
      return free;
    }
    if (deadline.expired) throw poolError("no time left for a connection");
    if (this.#waiters.size >= this.#options.maxWaiters)
      throw poolError("too many callers wait for a connection");
    return this.#wait(deadline);
  }

  async #wait(deadline: Deadline): Promise<Client> {
    const { promise, resolve, reject } = Promise.withResolvers<Client>();
    const waiter = { resolve, reject };
    this.#waiters.add(waiter);
    this.#grow();
    try {
      return await deadline.race(promise, () => this.#waiters.delete(waiter));
    } catch (error) {
      if (error instanceof DeadlineExceededError) throw poolError("no connection became free in time");
      throw error;
    }
  }

  /** Gives a connection back, or takes note that it is gone. */
  release(client: Client): void {
    if (!this.#inUse.delete(client)) return;
    if (this.#retired.has(client)) client.destroy();
    this.#give(client);
  }

  /** Opens connections up to `minIdle`; failures are left to the first caller. */
  warm(): void {
    while (this.#size() < this.#options.minIdle) this.#open();
  }

  /** Replaces all connections: idle ones now, the others when they are released. */
  recycle(): void {
    for (const client of this.#inUse) this.#retired.add(client);
    for (const { client } of this.#idle.splice(0)) client.destroy();
  }

  /** Closes connections that were idle for too long. */
  trim(): void {
    const oldestMs = this.#options.clock.monotonicMs() - this.#options.maxIdleMs;
    while (
      this.#size() > this.#options.minIdle &&
      (this.#idle[0]?.sinceMs ?? Number.POSITIVE_INFINITY) < oldestMs
    ) {
      void this.#idle.shift()?.client.end();
    }
  }

  /** Refuses new work and closes what is idle. */
  stopAccepting(): void {
    this.#closed = true;
    this.#rejectWaiters(closedError());
    for (const { client } of this.#idle.splice(0)) client.destroy();
  }

  destroyAll(): void {
    for (const client of [...this.#inUse]) client.destroy();
  }

  #size(): number {
    return this.#idle.length + this.#inUse.size + this.#opening;
  }

  #grow(): void {
    while (!this.#closed && this.#opening < this.#waiters.size && this.#size() < this.#options.capacity)
      this.#open();
  }

  #open(): void {
    this.#opening++;
    this.#options
      .open((client) => this.#forget(client))
      .then(
        (client) => {
          this.#opening--;
          this.#give(client);
        },
        (error: unknown) => {
          this.#opening--;
          // With a live connection left the waiters are better served by waiting for that one.
          if (this.#size() === 0) this.#rejectWaiters(asError(error));
        },
      );
  }

  #give(client: Client): void {
    if (this.#closed || client.lost) {
      client.destroy();
      this.#grow();
      return;
    }
    const [waiter] = this.#waiters;
    if (!waiter) {
      this.#idle.push({ client, sinceMs: this.#options.clock.monotonicMs() });
      return;
    }
    this.#waiters.delete(waiter);
    this.#inUse.add(client);
    waiter.resolve(client);
  }

  /** An idle connection ended by itself. */
  #forget(client: Client): void {
    const index = this.#idle.findIndex((entry) => entry.client === client);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  #rejectWaiters(error: Error): void {
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters.clear();
  }
}

const poolError = (message: string) => new StoreUnavailableError("pool", message);
const closedError = () => new StoreUnavailableError("closed", "the pool is closed");
