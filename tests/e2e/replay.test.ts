/** The replay commands as an operator runs them: what they print, what they report, how they end. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRuntimeFile } from "../../src/cli/runtime-file.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { embeddedAddress } from "../../src/stores/postgres/embedded.ts";
import { openPool } from "../../src/stores/postgres/pool.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { readAudit } from "../support/audit-chain.ts";
import { asMessage, query, TOPICS } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { storeLetters } from "../support/dlq-checks.ts";
import { aWatchBody } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { aWatchEvent } from "../support/plans.ts";
import { FORMS, program } from "../support/program.ts";
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

  test("replay-feature-consumer-dlq applies what a repaired store takes again", async () => {
    await using tree = await Tree.start({ form, env: { FEATURE_CONSUMER_MAX_RETRIES_PER_MESSAGE: "1" } });
    await using pool = treePool(tree);
    const replay = async (...args: string[]) => {
      const env = { RECO_DATA_DIR: tree.dataDir };
      const { code, out, err } = await runReco(["replay-feature-consumer-dlq", ...args], {
        form,
        cwd: dir,
        env,
      });
      return { code, err, report: JSON.parse(out) };
    };
    await query(pool, "alter table events add constraint broken check (event_id not like 'watch-letter%')");
    for (const id of ["letter-01", "letter-02"]) {
      expect((await tree.post("/log/watch", watch(id))).status).toBe(200);
    }
    await eventually(
      async () => expect(await query(pool, "select 1 from feature_consumer_dlq")).toHaveLength(2),
      { timeoutMs: 15_000 },
    );

    const failed = await replay("--limit", "1");
    expect(failed).toMatchObject({
      code: 1,
      err: "",
      report: { selected: 1, replayed: 0, replay_failed: 1, mark_failures: 0, dlq_snapshot: { pending: 2 } },
    });
    expect(failed.report.details[0]).toMatchObject({
      status: "failed",
      error: expect.stringContaining("broken"),
    });

    await query(pool, "alter table events drop constraint broken");
    const dry = await replay("--dry-run");
    expect(dry).toMatchObject({ code: 0, report: { dry_run: true, selected: 2, replayed: 0 } });
    expect(dry.report.details[0]).toMatchObject({ status: "candidate", stream_event_id: "watch-letter-01" });

    const path = join(dir, "report.json");
    const wet = await replay("--output-json", path);
    expect(wet).toMatchObject({
      code: 0,
      report: {
        selected: 2,
        replayed: 2,
        replay_duplicates: 0,
        status_filter: ["pending"],
        dlq_snapshot: { pending: 0, replayed: 2, oldest_pending_ms: 0 },
      },
    });
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(wet.report);
    expect((await replay("--status", "all")).report).toMatchObject({ replayed: 2, replay_duplicates: 2 });
    expect(await query(pool, "select score::int from item_popularity")).toEqual([{ score: 20 }]);
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

  test("F42: two operators who replay dead letters at once apply each letter once, and each leaves its marks", async () => {
    const pool = database.pool();
    const letters = Array.from({ length: 30 }, (_, index) =>
      asMessage(aWatchEvent({ eventId: `shared-${index}`, userId: `u-${index}`, watchTimeSec: 300 })),
    );
    await storeLetters(pool, letters);
    const env = { DATABASE_URL: database.url, KAFKA_TOPIC_WATCHES: TOPICS.watches };
    const replay = () => runReco(["replay-feature-consumer-dlq"], { cwd: dir, env });

    const ended = await Promise.all([replay(), replay()]);

    const reports = ended.map(({ out }) => JSON.parse(out));
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    expect(reports[0].replayed + reports[1].replayed).toBe(30);
    expect(reports.map((report) => report.replay_duplicates)).toEqual([0, 0]);
    expect(await query(pool, "select distinct status, replay_count from feature_consumer_dlq")).toEqual([
      { status: "replayed", replay_count: 1 },
    ]);
    expect(await query(pool, "select score::int from item_popularity")).toEqual([{ score: 300 }]);
    expect((await readAudit(pool)).map(({ action }) => action)).toEqual(Array(30).fill("dlq.replay"));
  });

  test("F6: two operators who requeue dead rows at once share them, and none comes back twice", async () => {
    const pool = database.pool();
    await query(
      pool,
      `insert into event_outbox (event_id, event_type, kafka_topic, kafka_key, payload, partition, status)
       select 'dead-' || n, 'watch', 't', 'u', '{}', 0, 'dead' from generate_series(1, 40) n`,
    );
    const replay = (name: string) => run("replay-outbox", "--limit", "15", "--output-json", join(dir, name));

    const ended = await Promise.all([replay("one.json"), replay("two.json")]);

    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    const ids = ["one.json", "two.json"].flatMap(
      (name) => JSON.parse(readFileSync(join(dir, name), "utf8")).ids,
    );
    expect(new Set(ids).size).toBe(ids.length);
    const left = await query(pool, "select count(*)::int as dead from event_outbox where status = 'dead'");
    expect(left).toEqual([{ dead: 40 - ids.length }]);
    expect((await readAudit(pool)).map(({ action }) => action)).toEqual(Array(2).fill("outbox.requeue"));
  });

  test("F45: a replay that is killed between the effect and the mark is done again by the next call, once", async () => {
    const pool = database.pool();
    await storeLetters(
      pool,
      ["killed-001", "killed-002"].map((eventId) => asMessage(aWatchEvent({ eventId, watchTimeSec: 300 }))),
    );
    const args = ["replay-feature-consumer-dlq"];
    const env = {
      DATABASE_URL: database.url,
      KAFKA_TOPIC_WATCHES: TOPICS.watches,
      KAFKA_TOPIC_IMPRESSIONS: TOPICS.impressions,
    };
    const effectIsIn = `select from pg_stat_activity where application_name = 'reco-replay-dlq'
      and wait_event_type = 'Lock' and query like '%update feature_consumer_dlq%'`;
    await pool.transaction("write", Deadline.after(20_000), async (tx) => {
      await query(
        pool,
        "create function stop() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(7); return new; end $$",
      );
      await query(
        pool,
        "create trigger stop before update on feature_consumer_dlq for each row when (new.status = 'replayed') execute function stop()",
      );
      await tx`select pg_advisory_xact_lock(7)`;
      const child = Bun.spawn([...program("sources"), ...args], {
        cwd: dir,
        env: { PATH: process.env["PATH"] ?? "", HOME: dir, ...env },
        stdin: "ignore",
        stdout: "ignore",
        stderr: "ignore",
      });
      await eventually(async () => expect(await query(pool, effectIsIn)).toHaveLength(1), {
        timeoutMs: 15_000,
      });
      child.kill("SIGKILL");
      await child.exited;
      await query(
        pool,
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'reco-replay-dlq'",
      );
    });
    await query(pool, "drop trigger stop on feature_consumer_dlq");
    // As if its lease had ended: that the next call waits for that is the integration test's.
    await query(pool, "update feature_consumer_dlq set replay_lease_until = clock_timestamp()");
    expect(await query(pool, "select 1 from feature_event_consumed")).toEqual([]);

    const next = await runReco(args, { cwd: dir, env });

    expect(next.code).toBe(0);
    expect(JSON.parse(next.out)).toMatchObject({ selected: 2, replayed: 2, replay_duplicates: 0 });
    expect(await query(pool, "select score::int from item_popularity")).toEqual([{ score: 20 }]);
  }, 60_000);

  test.each([[["--status", "dead"]], [["--limit", "0"]]])(
    "replay-feature-consumer-dlq %p ends with 64",
    async (args) => {
      const { code, err } = await run("replay-feature-consumer-dlq", ...args);
      expect(code).toBe(64);
      expect(err).toContain(args[0] === "--status" ? "Unsupported DLQ statuses: dead" : "--limit");
    },
  );

  test("replay-outbox ends with 1 when the report cannot be written", async () => {
    const { code, err } = await run("replay-outbox", "--output-json", join(dir, "no", "report.json"));
    expect(code).toBe(1);
    expect(err).toContain("report cannot be written");
  });
});

test.each(["replay-outbox", "replay-feature-consumer-dlq"])(
  "%s ends with 1 without its database",
  async (name) => {
    const env = { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" };
    const { code, err } = await runReco([name], { cwd: dir, env });
    expect(code).toBe(1);
    expect(err).toContain("unavailable");
  },
);
