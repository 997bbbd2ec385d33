/** The pool as repositories see it. */

import type postgres from "postgres";
import type { Deadline } from "../../core/deadline.ts";

/** A client with exactly one connection; `int8` columns and parameters are bigints. */
export type Connection = postgres.Sql<{ bigint: bigint }>;
/** A connection inside a transaction; who has it neither ends it nor begins another one. */
export type Transaction = postgres.ISql<{ bigint: bigint }>;

/** Serving reads and background work never share connections: half of the pool is kept for `read`. */
export type Lane = "read" | "write";

export interface Pool extends AsyncDisposable {
  /**
   * Runs `work` on one connection. When the deadline passes, its socket is destroyed and the call rejects with
   * StoreUnavailableError `timeout`; without a free connection in time, with `pool`.
   * SQL errors arrive as StoreUnavailableError or StoreDataError, others as they are.
   */
  use<T>(lane: Lane, deadline: Deadline, work: (sql: Connection) => Promise<T>): Promise<T>;
  /** As `use`, inside `begin` … `commit`; a throw rolls back. */
  transaction<T>(lane: Lane, deadline: Deadline, work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** True when a trivial select on the health connection answers in time. */
  ping(timeoutMs: number): Promise<boolean>;
  stats(): { readonly inUse: number; readonly waiters: number };
  /** Waits at most `timeoutMs` for running work, then destroys all sockets. */
  close(timeoutMs: number): Promise<void>;
}
