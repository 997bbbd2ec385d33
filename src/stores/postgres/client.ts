/** One connection to the server whose socket can be destroyed at any moment. */

import type { Socket } from "node:net";
import postgres from "postgres";
import type { Clock } from "../../core/clock.ts";
import { Deadline, DeadlineExceededError } from "../../core/deadline.ts";
import { asError, StoreUnavailableError } from "../../core/errors.ts";
import { toStoreError } from "./errors.ts";
import type { Connection } from "./pool-types.ts";
import { openSocket, type SocketTarget } from "./socket.ts";

export interface ClientOptions {
  readonly url: string;
  /** Shown by the server as the session's name. */
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
  /** 0 means none. */
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly clock: Clock;
}

/**
 * Values: `int8` is a bigint in both directions, so cast in SQL (`score::float8`, `count(*)::int`) where a number is
 * wanted; `timestamptz` is a Date; `json` and `jsonb` arrive parsed.
 */
export class Client {
  readonly sql: Connection;
  readonly #clock: Clock;
  readonly #connectTimeoutMs: number;
  readonly #onLost: (client: Client) => void;
  #socket: Socket | null = null;
  #dialled = false;
  #lost = false;

  private constructor(options: ClientOptions, onLost: (client: Client) => void) {
    this.#clock = options.clock;
    this.#connectTimeoutMs = options.connectTimeoutMs;
    this.#onLost = onLost;
    const driverOptions = {
      max: 1,
      socket: (target: SocketTarget) => this.#dial(target),
      connection: { application_name: options.applicationName },
      types: { bigint: postgres.BigInt },
      onnotice: () => {},
      onclose: () => this.#markLost(),
      // Timeouts are ours: a client that is lost is replaced, never revived.
      connect_timeout: 0,
      idle_timeout: 0,
      max_lifetime: null,
      backoff: false,
    };
    this.sql = postgres(options.url, driverOptions);
  }

  /** Resolves when the session answers. Throws StoreUnavailableError `connect`. `onLost` is called once, at its end. */
  static async open(options: ClientOptions, onLost: (client: Client) => void): Promise<Client> {
    const client = new Client(options, onLost);
    const deadline = Deadline.after(options.connectTimeoutMs, options.clock);
    try {
      await deadline.race(prepareSession(client.sql, options));
      return client;
    } catch (error) {
      client.destroy();
      throw connectError(error, options.connectTimeoutMs);
    }
  }

  /** True when the connection is gone; it never comes back. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Ends the connection at once, whatever runs on it. */
  destroy(): void {
    this.#dialled = true;
    this.#socket?.destroy();
    this.#markLost();
    void this.sql.end({ timeout: 0 });
  }

  /** Says goodbye to the server; for connections on which nothing runs. */
  async end(): Promise<void> {
    await this.sql.end({ timeout: 1 });
    this.destroy();
  }

  // The driver would connect again by itself, and run the rest of a piece of work on another session.
  async #dial(target: SocketTarget): Promise<Socket> {
    if (this.#dialled) throw new StoreUnavailableError("connect", "connection lost");
    this.#dialled = true;
    const socket = await openSocket(target, Deadline.after(this.#connectTimeoutMs, this.#clock));
    if (this.#lost) socket.destroy();
    this.#socket = socket;
    return socket;
  }

  #markLost(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#onLost(this);
  }
}

async function prepareSession(sql: Connection, options: ClientOptions): Promise<void> {
  // Statements instead of start-up parameters, which connection poolers refuse.
  await sql`
    select set_config('statement_timeout', ${String(options.statementTimeoutMs)}, false),
           set_config('lock_timeout', ${String(options.lockTimeoutMs)}, false),
           set_config('timezone', 'UTC', false)`;
}

function connectError(thrown: unknown, timeoutMs: number): StoreUnavailableError {
  if (thrown instanceof DeadlineExceededError) {
    return new StoreUnavailableError("connect", `no connection within ${timeoutMs} ms`, { cause: thrown });
  }
  const cause = asError(toStoreError(thrown));
  if (cause instanceof StoreUnavailableError && cause.reason === "connect") return cause;
  return new StoreUnavailableError("connect", cause.message, { cause });
}
