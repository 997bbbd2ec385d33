/** `reco rebuild-features` on a database that a command of its own finds. */

import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { Deadline } from "../../src/core/deadline.ts";
import { applyInteractions } from "../../src/stores/postgres/feature-fold.ts";
import { ingest, query } from "../support/backbone.ts";
import { testDatabase } from "../support/databases.ts";
import { readFeatures } from "../support/feature-tables.ts";
import { anImpressionEvent, anInteraction, aWatchEvent } from "../support/plans.ts";
import { runReco } from "../support/run-reco.ts";

const run = (url: string, ...args: string[]) =>
  runReco(["rebuild-features", ...args], { cwd: tmpdir(), env: { DATABASE_URL: url } });

test("puts the features back and says how many rows each table has", async () => {
  await using database = await testDatabase();
  const pool = database.pool();
  const events = [anInteraction(), anInteraction({ eventId: "event-0002", itemId: "i-2" })];
  await pool.transaction("write", Deadline.after(5_000), (tx) => applyInteractions(tx, events, 20));
  const complete = await readFeatures(pool);
  await query(pool, "truncate seq_rule, item_decay");
  const { code, out, err } = await run(database.url);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out.trim().split("\n")).toEqual([
    "rebuilt user_history: 2 rows",
    "rebuilt co_visitation: 1 rows",
    "rebuilt seq_rule: 1 rows",
    "rebuilt item_decay: 2 rows",
    "rebuilt item_popularity: 2 rows",
  ]);
  expect(await readFeatures(pool)).toEqual(complete);
});

test("with a window it applies what the stream missed, and says what it leaves alone", async () => {
  await using database = await testDatabase();
  const pool = database.pool();
  const nowMs = Date.now();
  await ingest(pool, [
    aWatchEvent({ eventId: "missed-001", tsMs: nowMs - 60_000, watchTimeSec: 300 }),
    anImpressionEvent({ eventId: "missed-002", tsMs: nowMs - 60_000 }),
  ]);

  const recent = await run(database.url, "--from", String(nowMs - 120_000), "--to", String(nowMs));
  expect(recent).toEqual({ code: 0, out: "applied watches: 1\napplied impressions: 1\n", err: "" });
  const again = await run(database.url, "--to", String(nowMs));
  expect(again).toMatchObject({ code: 0, out: "applied watches: 0\napplied impressions: 0\n" });
  expect(again.err).toContain("left alone");
  expect((await readFeatures(pool)).popularity).toEqual({ "i-1": 10 });
});

test.each([[["--from", "yesterday"]], [["--from", "2026-02-01", "--to", "2026-01-01"]]])(
  "%p ends with 64",
  async (args) => {
    const { code, err } = await run("postgres://nobody@127.0.0.1:1/none", ...args);
    expect(code).toBe(64);
    expect(err).toContain("--from");
  },
);

test("ends with 1 when the database is unavailable", async () => {
  const { code, err } = await run("postgres://nobody@127.0.0.1:1/none");
  expect(code).toBe(1);
  expect(err).toContain("unavailable");
});
