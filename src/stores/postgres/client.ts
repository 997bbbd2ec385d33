/** One connection to the server whose socket can be destroyed at any moment. */

import postgres from "postgres";
import type { Clock } from "../../core/clock.ts";
import { Deadline, DeadlineExceededError } from "../../core/deadline.ts";
import { asError, StoreUnavailableError } from "../../core/errors.ts";
import { DriverSocket } from "./driver-socket.ts";
import { toStoreError } from "./errors.ts";
import type { Connection, Transaction } from "./pool-types.ts";
import { openSocket, type SocketTarget } from "./socket.ts";
import { type TlsMode, tlsModeOf, withoutTls } from "./tls.ts";

/** Seconds, as the driver wants them. */
const GOODBYE_SEC = 1;

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
 * wanted; `timestamptz` is a Date; `json` and `jsonb` arrive parsed; arrays are text, so select `to_json(array)`.
 */
export class Client {
  readonly sql: Connection;
  readonly #onLost: (client: Client) => void;
  #socket: DriverSocket | null = null;
  #lost = false;
  /** Rejects the work in progress. */
  #abandon: ((error: Error) => void) | null = null;

  private constructor(options: ClientOptions, deadline: Deadline, onLost: (client: Client) => void) {
    this.#onLost = onLost;
    const tls = tlsModeOf(options.url);
    const driverOptions = {
      max: 1,
      socket: (target: SocketTarget) => this.#dial(target, tls, deadline),
      ssl: false,
      connection: { application_name: options.applicationName },
      types: { bigint: postgres.BigInt },
      // The driver asks for array types by itself and lets nobody catch that query's failure. Arrays arrive as text.
      fetch_types: false,
      onnotice: () => {},
      // Timeouts are ours: a client that is lost is replaced, never revived.
      connect_timeout: 0,
      idle_timeout: 0,
      max_lifetime: null,
      keep_alive: null,
    };
    this.sql = postgres(withoutTls(options.url), driverOptions);
  }

  /** Resolves when the session answers. Throws StoreUnavailableError `connect`. `onLost` is called once, at its end. */
  static async open(options: ClientOptions, onLost: (client: Client) => void): Promise<Client> {
    const deadline = Deadline.after(options.connectTimeoutMs, options.clock);
    const client = new Client(options, deadline, onLost);
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

  /**
   * Runs `work`, one at a time. The caller is released when the deadline passes, which destroys the socket, and when the
   * connection is lost: the driver may leave a transaction's rollback unanswered then.
   * Throws StoreUnavailableError, StoreDataError, or what `work` throws.
   */
  async run<T>(deadline: Deadline, work: (sql: Connection) => Promise<T>): Promise<T> {
    const { promise: abandoned, reject } = Promise.withResolvers<never>();
    this.#abandon = reject;
    let timedOut = false;
    const onTimeout = () => {
      timedOut = true;
      this.destroy();
    };
    try {
      return await deadline.race(Promise.race([work(this.sql), abandoned]), onTimeout);
    } catch (error) {
      if (!timedOut) throw toStoreError(error);
      throw new StoreUnavailableError("timeout", "the store did not answer in time", { cause: error });
    } finally {
      this.#abandon = null;
    }
  }

  /**
   * As `run`, inside `begin` … `commit`; a throw rolls back. Unlike the driver's own way the first statement goes out
   * along with `begin`, which saves a round trip. Nothing can slip out of the transaction: the session is nobody else's,
   * and one that is lost stays lost.
   */
  transaction<T>(deadline: Deadline, work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.run(deadline, async (sql) => {
      const begun = sql`begin`.execute();
      begun.catch(() => {}); // Awaited below, unless `work` fails first.
      try {
        const result = await work(sql);
        await begun;
        await sql`commit`;
        return result;
      } catch (error) {
        await this.#rollBack();
        throw error;
      }
    });
  }

  async #rollBack(): Promise<void> {
    try {
      await this.sql`rollback`;
    } catch {
      this.destroy(); // Whoever came next would write into the transaction that was given up.
    }
  }

  /** Ends the connection at once, whatever runs on it. */
  destroy(): void {
    this.#socket?.destroy();
    this.#markLost();
  }

  /** Says goodbye to the server; for connections on which nothing runs. */
  async end(): Promise<void> {
    await this.sql.end({ timeout: GOODBYE_SEC });
    this.destroy();
  }

  async #dial(target: SocketTarget, tls: TlsMode | null, deadline: Deadline): Promise<DriverSocket> {
    if (this.#lost || this.#socket) throw new StoreUnavailableError("connect", "connection lost");
    const stream = await openSocket(target, tls, deadline);
    this.#socket = new DriverSocket(stream, () => this.#markLost());
    if (this.#lost) this.#socket.destroy();
    return this.#socket;
  }

  #markLost(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#abandon?.(new StoreUnavailableError("connect", "connection lost"));
    this.#onLost(this);
    // Makes the driver refuse what the rest of a running piece of work may still send.
    void this.sql.end({ timeout: 0 });
  }
}

async function prepareSession(sql: Connection, options: ClientOptions): Promise<void> {
  // Statements instead of start-up parameters, which connection poolers refuse.
  await sql`
    select set_config('statement_timeout', ${String(options.statementTimeoutMs)}, false),
           set_config('lock_timeout', ${String(options.lockTimeoutMs)}, false),
           set_config('timezone', 'UTC', false),
           -- A plan kept from when a table was small reads all of it for every statement, once it is not.
           set_config('plan_cache_mode', 'force_custom_plan', false)`;
}

function connectError(thrown: unknown, timeoutMs: number): StoreUnavailableError {
  if (thrown instanceof DeadlineExceededError) {
    return new StoreUnavailableError("connect", `no connection within ${timeoutMs} ms`, { cause: thrown });
  }
  const cause = asError(toStoreError(thrown));
  if (cause instanceof StoreUnavailableError && cause.reason === "connect") return cause;
  return new StoreUnavailableError("connect", cause.message, { cause });
}
