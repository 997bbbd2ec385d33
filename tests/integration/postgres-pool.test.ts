/** The pool against a real server: values, transactions, errors. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());
const soon = () => Deadline.after(3_000);

describe("values", () => {
  test("an int8 column arrives as a bigint", async () => {
    await using pool = database.pool();
    const rows = await pool.use("read", soon(), (sql) => sql`select 9007199254740993::bigint as big`);
    expect(rows[0]?.["big"]).toBe(9007199254740993n);
  });
});
