/** Sorts what the driver throws, by SQLSTATE: the store cannot now, the data is wrong, or our own bug. */

import { StoreDataError, StoreUnavailableError } from "../../core/errors.ts";

type Reason = StoreUnavailableError["reason"];

const BY_STATE: Readonly<Record<string, Reason>> = {
  "57014": "contention", // statement timeout
  "55P03": "contention", // lock timeout
  "40P01": "contention", // deadlock
  "40001": "contention", // serialisation failure
  "25006": "read_only",
  "53100": "disk_full",
};
/** Classes: connection, authorization, resources, operator intervention, system error. */
const BY_CLASS: Readonly<Record<string, Reason>> = {
  "08": "connect",
  "28": "connect",
  "53": "connect",
  "57": "connect",
  "58": "connect",
};
const DATA_CLASSES = new Set(["22", "23", "54"]);
/** Socket and name errors of the system, and the driver's own. */
const CONNECTION_CODE = /^(E[A-Z]{3,}|CONNECT_TIMEOUT|CONNECTION_(CLOSED|DESTROYED|ENDED))$/;
const SQL_STATE = /^[0-9A-Z]{5}$/;

/**
 * The error a repository's caller sees: StoreUnavailableError, StoreDataError, or what was thrown when it is neither.
 * `contention`, `read_only` and `disk_full` mean that nothing was written. `connect` may also be a connection lost
 * in the middle, so its outcome is unknown like that of `timeout`.
 */
export function toStoreError(thrown: unknown): unknown {
  if (
    !(thrown instanceof Error) ||
    thrown instanceof StoreUnavailableError ||
    thrown instanceof StoreDataError
  ) {
    return thrown;
  }
  const code = String((thrown as { code?: unknown }).code ?? "");
  if (CONNECTION_CODE.test(code)) return unavailable("connect", thrown);
  if (thrown.name !== "PostgresError" || !SQL_STATE.test(code)) return thrown;
  const reason = BY_STATE[code] ?? BY_CLASS[code.slice(0, 2)];
  if (reason) return unavailable(reason, thrown);
  return DATA_CLASSES.has(code.slice(0, 2))
    ? new StoreDataError(code, thrown.message, { cause: thrown })
    : thrown;
}

const unavailable = (reason: Reason, cause: Error) =>
  new StoreUnavailableError(reason, cause.message, { cause });
