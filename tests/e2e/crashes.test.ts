/** A whole tree that dies before or after a commit: what the client was told, and what a retry finds. */

import { afterEach, beforeEach, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { aDirectBody, aWatchBody } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { Tree } from "../support/tree.ts";

let database: TestDatabase;
let pool: Pool;
beforeEach(async () => {
  database = await testDatabase();
  pool = database.pool();
});
afterEach(() => database[Symbol.asyncDispose]());

const startTree = (env: Record<string, string> = {}) =>
  Tree.start({ form: "binary", env: { DATABASE_URL: database.url, CONSUMER_WORKERS: "1", ...env } });

const count = async (text: string) => (await query(pool, text)).length;

/** Resolves with what the client saw: a status, or that the connection broke. */
const outcomeOf = (answer: Promise<Response>) =>
  answer.then(
    (response) => response.status,
    () => "reset",
  );

const impression = {
  event_type: "impression",
  event_id: "crash-imp-01",
  user_id: "u-1",
  session_id: "s-1",
  request_id: "r-1",
  items: [{ item_id: "i-1", position: 0 }],
};

test("F1: a crash after the commit and before the answer: the retry is a duplicate, counted once", async () => {
  const direct = aDirectBody({ event_id: "crash-direct", ts: Date.now() });
  const watch = aWatchBody({ event_id: "crash-watch-1", ts_ms: Date.now(), watch_time_sec: 300 });
  const crashing = { RECO_FAILPOINTS: "ingest.after_commit=crash" };
  for (const [path, body] of [
    ["/event", direct],
    ["/log/watch", watch],
  ] as const) {
    await using mortal = await startTree(crashing);
    expect(await outcomeOf(mortal.post(path, body))).toBe("reset");
    await mortal.process.exited;
  }
  expect(await count("select 1 from events where event_id = 'crash-direct'")).toBe(1);
  expect(await count("select 1 from watches")).toBe(1);

  await using tree = await startTree();
  expect(await (await tree.post("/event", direct)).json()).toMatchObject({ status: "duplicate" });
  expect(await (await tree.post("/log/watch", watch)).json()).toMatchObject({ status: "duplicate" });

  expect(await count("select 1 from event_outbox")).toBe(1);
  await eventually(
    async () => {
      // A click and a purchase of one item.
      expect(await query(pool, "select score::int from item_popularity")).toEqual([{ score: 13 }]);
      expect(await count("select 1 from events where event_id = 'watch-crash-watch-1'")).toBe(1);
    },
    { timeoutMs: 30_000 },
  );
}, 240_000);

test("F2: a crash before the commit leaves no event and no outbox row, and the client sees a reset", async () => {
  const at = Date.now();
  const batch = {
    events: [
      { event_type: "watch", ...aWatchBody({ event_id: "crash-watch-2", ts_ms: at }) },
      { ...impression, ts_ms: at },
    ],
  };
  {
    await using mortal = await startTree();
    await pool.transaction("write", Deadline.after(60_000), async (tx) => {
      // The watches of the batch are inserted by now; its impressions wait.
      await tx`lock table impressions in access exclusive mode`;
      const outcome = outcomeOf(mortal.post("/log/batch", batch));
      await eventually(
        async () =>
          expect(
            await count(
              "select 1 from pg_stat_activity where application_name like 'reco-http-%' and wait_event_type = 'Lock'",
            ),
          ).toBe(1),
        { timeoutMs: 10_000, intervalMs: 5 },
      );
      mortal.process.kill("SIGKILL");
      expect(await outcome).toBe("reset");
      await mortal.process.exited;
    });
    await eventually(
      async () =>
        expect(await count("select 1 from pg_stat_activity where application_name like 'reco-http-%'")).toBe(
          0,
        ),
      { timeoutMs: 15_000 },
    );
  }
  for (const table of ["watches", "impressions", "event_outbox", "ingested_event"]) {
    expect([table, await count(`select 1 from ${table}`)]).toEqual([table, 0]);
  }

  await using tree = await startTree();
  expect(await (await tree.post("/log/batch", batch)).json()).toMatchObject({ inserted_events: 2 });
  expect(await count("select 1 from event_outbox")).toBe(2);
}, 240_000);
