/** The pool of an actor: read and write lanes, deadlines that free the caller, a health connection. */

import { type Clock, systemClock, type Timer } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { StoreUnavailableError } from "../../core/errors.ts";
import { Client, type ClientOptions } from "./client.ts";
import { Lane } from "./lane.ts";
import type { Connection, Lane as LaneName, Pool, Transaction } from "./pool-types.ts";

export interface PoolOptions {
  readonly url: string;
  /** Shown by the server as the session's name: the actor's id. */
  readonly applicationName: string;
  /** Connections kept open, default 1. */
  readonly min?: number;
  /** Connections at most over both lanes, without the health connection; default 10, at least 2. */
  readonly max?: number;
  readonly connectTimeoutMs?: number;
  /** Longest wait for a free connection. */
  readonly poolWaitMs?: number;
  readonly statementTimeoutMs?: number;
  readonly lockTimeoutMs?: number;
  /** Callers that may wait per lane, default 1024. */
  readonly maxWaiters?: number;
  readonly clock?: Clock;
}

const MAX_IDLE_MS = 60_000;
const TRIM_EVERY_MS = 15_000;
/** A read-only server must not make every failing write drop all connections again. */
const RECYCLE_EVERY_MS = 1_000;
const CLOSE_POLL_MS = 10;

/** How `max` is divided: at least half for reads, and never none for writes. */
function laneSizes(max: number): { read: number; write: number; health: number } {
  const write = Math.max(1, Math.floor(max / 2));
  return { read: Math.max(1, max - write), write, health: 1 };
}

/** Opens no connection that nobody waits for, except `min` in the background. Never throws. */
export function openPool(options: PoolOptions): Pool {
  return new PostgresPool(options);
}

class PostgresPool implements Pool {
  readonly #clock: Clock;
  readonly #poolWaitMs: number;
  readonly #lanes: Readonly<Record<LaneName, Lane<Client>>>;
  readonly #health: Lane<Client>;
  #trimTimer: Timer | null = null;
  #recycledAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: PoolOptions) {
    const { min = 1, max = 10, clock = systemClock } = options;
    this.#clock = clock;
    this.#poolWaitMs = options.poolWaitMs ?? 5_000;
    const sizes = laneSizes(max);
    const clientOptions = clientOptionsOf(options, clock);
    const lane = (capacity: number, minIdle: number) =>
      new Lane<Client>({
        capacity,
        minIdle: Math.min(capacity, minIdle),
        maxWaiters: options.maxWaiters ?? 1_024,
        maxIdleMs: MAX_IDLE_MS,
        open: (onLost) => Client.open(clientOptions, onLost),
        clock,
      });
    this.#lanes = {
      read: lane(sizes.read, Math.ceil(min / 2)),
      write: lane(sizes.write, Math.floor(min / 2)),
    };
    this.#health = lane(sizes.health, 0);
    for (const name of ["read", "write"] as const) this.#lanes[name].warm();
    this.#scheduleTrim();
  }

  async use<T>(lane: LaneName, deadline: Deadline, work: (sql: Connection) => Promise<T>): Promise<T> {
    return this.#useLane(this.#lanes[lane], (client) => client.run(deadline, work), deadline);
  }

  async transaction<T>(
    lane: LaneName,
    deadline: Deadline,
    work: (tx: Transaction) => Promise<T>,
  ): Promise<T> {
    return this.#useLane(this.#lanes[lane], (client) => client.transaction(deadline, work), deadline);
  }

  async ping(timeoutMs: number): Promise<boolean> {
    try {
      const deadline = Deadline.after(timeoutMs, this.#clock);
      await this.#useLane(this.#health, (client) => client.run(deadline, (sql) => sql`select 1`), deadline);
      return true;
    } catch {
      return false; // Any error means "not healthy"; the callers of `use` see what it is.
    }
  }

  stats(): { inUse: number; waiters: number } {
    const { read, write } = this.#lanes;
    return { inUse: read.inUse + write.inUse, waiters: read.waiters + write.waiters };
  }

  async close(timeoutMs: number): Promise<void> {
    this.#trimTimer?.cancel();
    const lanes = [this.#lanes.read, this.#lanes.write, this.#health];
    for (const lane of lanes) lane.stopAccepting();
    const deadline = Deadline.after(timeoutMs, this.#clock);
    while (lanes.some((lane) => lane.inUse > 0) && deadline.remainingMs() > 0) {
      await this.#clock.sleep(CLOSE_POLL_MS);
    }
    for (const lane of lanes) lane.destroyAll();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close(1_000);
  }

  async #useLane<T>(
    lane: Lane<Client>,
    work: (client: Client) => Promise<T>,
    deadline: Deadline,
  ): Promise<T> {
    const client = await lane.acquire(deadline.capped(this.#poolWaitMs));
    try {
      return await work(client);
    } catch (error) {
      if (error instanceof StoreUnavailableError && error.reason === "connect") client.destroy();
      if (error instanceof StoreUnavailableError && error.reason === "read_only") this.#recycle();
      throw error;
    } finally {
      lane.release(client);
    }
  }

  /** A server that turned read-only may have lost its role: new connections find the writable one. */
  #recycle(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#recycledAtMs < RECYCLE_EVERY_MS) return;
    this.#recycledAtMs = nowMs;
    this.#lanes.read.recycle();
    this.#lanes.write.recycle();
  }

  #scheduleTrim(): void {
    const trim = () => {
      this.#lanes.read.trim();
      this.#lanes.write.trim();
      this.#scheduleTrim();
    };
    this.#trimTimer = this.#clock.schedule(TRIM_EVERY_MS, trim, { unref: true });
  }
}

function clientOptionsOf(options: PoolOptions, clock: Clock): ClientOptions {
  return {
    url: options.url,
    applicationName: options.applicationName,
    connectTimeoutMs: options.connectTimeoutMs ?? 2_000,
    statementTimeoutMs: options.statementTimeoutMs ?? 5_000,
    lockTimeoutMs: options.lockTimeoutMs ?? 1_000,
    clock,
  };
}
