/** The replay commands as an operator runs them: what they print, what they report, how they end. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRuntimeFile } from "../../src/cli/runtime-file.ts";
import { embeddedAddress } from "../../src/stores/postgres/embedded.ts";
import { openPool } from "../../src/stores/postgres/pool.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { readAudit } from "../support/audit-chain.ts";
import { query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { aWatchBody } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { FORMS } from "../support/program.ts";
import { runReco } from "../support/run-reco.ts";
import { Tree } from "../support/tree.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "reco-replay-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A pool on the database that a running tree brought along. */
function treePool({ dataDir }: Tree): Pool {
  const port = readRuntimeFile(dataDir)?.storePort ?? 0;
  return openPool({ url: embeddedAddress(dataDir, port).url, applicationName: "test" });
}

const watch = (event_id: string) => aWatchBody({ event_id, ts_ms: Date.now(), watch_time_sec: 300 });

describe.each(FORMS)("beside a running tree, from the %s", (form) => {
  test("replay-outbox revives a dead row, which is then published and applied", async () => {
    await using tree = await Tree.start({ form });
    await using pool = treePool(tree);
    const replay = (...args: string[]) =>
      runReco(["replay-outbox", ...args], { form, cwd: dir, env: { RECO_DATA_DIR: tree.dataDir } });
    // No relay takes a row that is dead from the start.
    await query(pool, "alter table event_outbox alter column status set default 'dead'");
    expect((await tree.post("/log/watch", watch("revived-1"))).status).toBe(200);
    await query(pool, "alter table event_outbox alter column status set default 'pending'");

    const report = join(dir, "report.json");
    const dry = await replay("--dry-run", "--output-json", report);
    expect(dry).toEqual({ code: 0, out: "would_requeue_outbox_events=1\n", err: "" });
    const [row] = await query(pool, "select id from event_outbox");
    expect(JSON.parse(readFileSync(report, "utf8"))).toMatchObject({
      dry_run: true,
      selected: 1,
      requeued: 0,
      status_filter: ["dead"],
      topic_filter: null,
      outbox_snapshot: { pending: 0, publishing: 0, published: 0, dead: 1 },
      ids: [Number(row?.["id"])],
    });

    const wet = await replay("--status", "all", "--since", "2026-01-01", "--output-json", report);
    expect(wet).toEqual({ code: 0, out: "requeued_outbox_events=1\n", err: "" });
    expect(JSON.parse(readFileSync(report, "utf8"))).toMatchObject({
      dry_run: false,
      selected: 1,
      requeued: 1,
      status_filter: ["dead", "published"],
      outbox_snapshot: { dead: 0 },
    });
    await eventually(
      async () => {
        expect(await query(pool, "select score::int from item_popularity")).toEqual([{ score: 10 }]);
        expect(await query(pool, "select status from event_outbox")).toEqual([{ status: "published" }]);
      },
      { timeoutMs: 15_000 },
    );
    expect((await readAudit(pool)).map(({ action }) => action)).toEqual(["outbox.requeue"]);
    expect((await replay()).out).toBe("requeued_outbox_events=0\n");
  });
});

describe("on a database alone", () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await testDatabase();
  });
  afterEach(() => database[Symbol.asyncDispose]());

  const run = (...args: string[]) => runReco(args, { cwd: dir, env: { DATABASE_URL: database.url } });

  test.each([
    [["--since", "soon"]],
    [["--status", "pending"]],
    [["--limit", "0"]],
    [["--since", "2026-02-01", "--until", "2026-01-01"]],
  ])("replay-outbox %p ends with 64", async (args) => {
    const { code, err } = await run("replay-outbox", ...args);
    expect(code).toBe(64);
    expect(err).toContain("--");
  });

  test("replay-outbox ends with 1 when the report cannot be written", async () => {
    const { code, err } = await run("replay-outbox", "--output-json", join(dir, "no", "report.json"));
    expect(code).toBe(1);
    expect(err).toContain("report cannot be written");
  });
});

test("replay-outbox ends with 1 when the database is unavailable", async () => {
  const env = { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" };
  const { code, err } = await runReco(["replay-outbox"], { cwd: dir, env });
  expect(code).toBe(1);
  expect(err).toContain("unavailable");
});
