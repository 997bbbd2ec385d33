/** Failures that several rooms must tell apart: infrastructure trouble against bad data. */

/** The store (or another dependency) could not do its work now; the same call may succeed later. */
export class StoreUnavailableError extends Error {
  override name = "StoreUnavailableError";
  /** `timeout`: outcome unknown. `pool`: no connection became free. `contention`: retries used up. */
  readonly reason: "connect" | "timeout" | "pool" | "contention" | "read_only" | "disk_full" | "closed";

  constructor(reason: StoreUnavailableError["reason"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The store refused the data itself (SQLSTATE class 22, 23, 54): repeating the call cannot help. */
export class StoreDataError extends Error {
  override name = "StoreDataError";
  readonly sqlState: string;

  constructor(sqlState: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.sqlState = sqlState;
  }
}

/** Any thrown value as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
