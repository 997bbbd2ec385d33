/** What the monitor asks of PostgreSQL: one leader at a time, and the oldest open transaction. */

import { describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import { asLeader } from "../../src/stores/postgres/leader-lock.ts";
import { readOldestTransaction } from "../../src/stores/postgres/oldest-transaction.ts";
import { testDatabase } from "../support/databases.ts";

const soon = () => Deadline.after(10_000);

describe("leadership", () => {
  test("is refused while another session holds it, and free again afterwards", async () => {
    await using database = await testDatabase({ migrated: false });
    const [first, second] = [database.pool(), database.pool()];
    let refused: boolean | null = null;
    const led = await asLeader(first, "test", soon(), async () => {
      refused = !(await asLeader(second, "test", soon(), async () => {}));
    });
    expect([led, refused]).toEqual([true, true]);
    expect(await asLeader(second, "test", soon(), async () => {})).toBe(true);
  });

  test("of one name does not hinder another", async () => {
    await using database = await testDatabase({ migrated: false });
    const [first, second] = [database.pool(), database.pool()];
    let other = false;
    await asLeader(first, "a", soon(), async () => {
      other = await asLeader(second, "b", soon(), async () => {});
    });
    expect(other).toBe(true);
  });

  test("is given back when the work fails", async () => {
    await using database = await testDatabase({ migrated: false });
    const pool = database.pool();
    const failing = asLeader(pool, "test", soon(), () => Promise.reject(new TypeError("a bug")));
    expect(await failing.catch((error: unknown) => error)).toBeInstanceOf(TypeError);
    expect(await asLeader(database.pool(), "test", soon(), async () => {})).toBe(true);
  });

  test("leaves the write connections to the work", async () => {
    await using database = await testDatabase({ migrated: false });
    const pool = database.pool({ max: 2 });
    let answer = 0;
    await asLeader(pool, "test", soon(), async () => {
      answer = await pool.use("write", soon(), async (sql) => {
        const [row] = await sql<{ n: number }[]>`select 1 as n`;
        return row?.n ?? 0;
      });
    });
    expect(answer).toBe(1);
  });
});

describe("oldest transaction", () => {
  test("is found with its session", async () => {
    await using database = await testDatabase({ migrated: false });
    const busy = database.pool({ applicationName: "forgetful" });
    let found: Awaited<ReturnType<typeof readOldestTransaction>> = null;
    await busy.transaction("write", soon(), async (tx) => {
      await tx`select 1`;
      found = await readOldestTransaction(database.pool(), soon());
    });
    expect(found).toMatchObject({ applicationName: "forgetful", state: "idle in transaction" });
  });

  test("is none when nobody is in one", async () => {
    await using database = await testDatabase({ migrated: false });
    expect(await readOldestTransaction(database.pool(), soon())).toBeNull();
  });
});
