/** What is wrong between migration files and a database, and what only waits. */

import { describe, expect, test } from "bun:test";
import { migrationReport } from "../../../../src/cli/acceptance/migration-report.ts";

const file = (version: string, checksum: string) => ({ version, checksum, text: "" });
const LOCAL = {
  dir: "built-in",
  migrations: [file("0001_a.sql", "aa"), file("0002_b.sql", "bb")],
  issues: [],
};
const read = (applied: Record<string, string> | null) =>
  ({ kind: "read", applied: applied && new Map(Object.entries(applied)) }) as const;

describe("check-migrations", () => {
  test("finds nothing wrong when all is applied", () => {
    const report = migrationReport(LOCAL, read({ "0001_a.sql": "aa", "0002_b.sql": "bb" }), true);
    expect(report).toEqual({
      local: {
        dir: "built-in",
        count: 2,
        migrations: [
          { file: "0001_a.sql", seq: 1, checksum: "aa" },
          { file: "0002_b.sql", seq: 2, checksum: "bb" },
        ],
        issues: [],
      },
      db: {
        status: "ok",
        table: "schema_migrations",
        count: 2,
        migrations: [
          { version: "0001_a.sql", checksum: "aa" },
          { version: "0002_b.sql", checksum: "bb" },
        ],
        issues: [],
      },
      comparison: { pending: [], issues: [] },
      summary: { local_count: 2, pending_count: 0, issues_count: 0, status: "ok" },
    });
  });

  test("lists what is pending, which is an issue only on demand", () => {
    const waiting = read({ "0001_a.sql": "aa" });
    expect(migrationReport(LOCAL, waiting, false)).toMatchObject({
      comparison: { pending: ["0002_b.sql"], issues: [] },
      summary: { pending_count: 1, issues_count: 0, status: "ok" },
    });
    expect(migrationReport(LOCAL, waiting, true)).toMatchObject({
      comparison: { pending: ["0002_b.sql"], issues: ["pending: 0002_b.sql"] },
      summary: { pending_count: 1, issues_count: 1, status: "failed" },
    });
  });

  test("names a file that was changed, and one that is missing", () => {
    const applied = read({ "0001_a.sql": "other", "0002_b.sql": "bb", "0003_c.sql": "cc" });
    const { comparison, db, summary } = migrationReport(LOCAL, applied, false);
    expect(comparison.issues).toEqual([
      "applied but missing locally: 0003_c.sql",
      "checksum drift: 0001_a.sql was changed after it was applied",
    ]);
    expect([db.status, summary.issues_count, summary.status]).toEqual(["ok", 2, "failed"]);
  });

  test("a database without the table is an issue, and everything is pending", () => {
    expect(migrationReport(LOCAL, read(null), false)).toMatchObject({
      db: { status: "failed", table: "schema_migrations", issues: ["table missing: schema_migrations"] },
      comparison: { pending: ["0001_a.sql", "0002_b.sql"] },
      summary: { issues_count: 1, status: "failed" },
    });
  });

  test("of a database that cannot be read nothing is said to be pending", () => {
    const report = migrationReport(LOCAL, { kind: "unreadable", problem: "connection refused" }, true);
    expect(report).toMatchObject({
      db: { status: "failed", issues: ["read failure: connection refused"] },
      comparison: { pending: [], issues: [] },
      summary: { issues_count: 1, status: "failed" },
    });
  });

  test("a skipped database is no issue, and says why", () => {
    const report = migrationReport(LOCAL, { kind: "skipped", reason: "asked to" }, true);
    expect(report).toMatchObject({
      db: { status: "skipped", reason: "asked to" },
      summary: { pending_count: 0, issues_count: 0, status: "ok" },
    });
  });

  test("faults of the files count, and a bad name has no number", () => {
    const local = { dir: "x", migrations: [file("1_a.sql", "aa")], issues: ["1_a.sql is badly named"] };
    expect(migrationReport(local, { kind: "skipped", reason: "" }, false)).toMatchObject({
      local: { count: 1, migrations: [{ file: "1_a.sql", seq: null }], issues: ["1_a.sql is badly named"] },
      summary: { issues_count: 1, status: "failed" },
    });
  });
});
