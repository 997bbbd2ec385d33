/** How driver errors are sorted. */

import { describe, expect, test } from "bun:test";
import { StoreDataError, StoreUnavailableError } from "../../../../src/core/errors.ts";
import { toStoreError } from "../../../../src/stores/postgres/errors.ts";

const sqlError = (code: string) => Object.assign(new Error(`state ${code}`), { name: "PostgresError", code });
const systemError = (code: string) => Object.assign(new Error(code), { code });

describe("toStoreError", () => {
  test.each([
    ["57014", "contention"],
    ["55P03", "contention"],
    ["40P01", "contention"],
    ["40001", "contention"],
    ["25006", "read_only"],
    ["53100", "disk_full"],
    ["53300", "connect"],
    ["57P01", "connect"],
    ["57P03", "connect"],
    ["08006", "connect"],
    ["28P01", "connect"],
  ])("SQLSTATE %s means that the store is unavailable: %s", (code, reason) => {
    const error = toStoreError(sqlError(code));
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect((error as StoreUnavailableError).reason).toBe(reason as StoreUnavailableError["reason"]);
  });

  test.each(["22021", "22P05", "23502", "23514", "54001"])("SQLSTATE %s is a data error", (code) => {
    const error = toStoreError(sqlError(code));
    expect(error).toBeInstanceOf(StoreDataError);
    expect((error as StoreDataError).sqlState).toBe(code);
  });

  test.each(["42P01", "42601", "XX000"])("SQLSTATE %s is a bug and stays as it is", (code) => {
    const thrown = sqlError(code);
    expect(toStoreError(thrown)).toBe(thrown);
  });

  test.each(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ENOENT", "CONNECTION_CLOSED", "CONNECTION_ENDED"])(
    "code %s of a socket or the driver means no connection",
    (code) => {
      expect(toStoreError(systemError(code))).toMatchObject({ reason: "connect" });
    },
  );

  test("other errors stay as they are", () => {
    const thrown = new TypeError("x is not a function");
    expect(toStoreError(thrown)).toBe(thrown);
  });
});
