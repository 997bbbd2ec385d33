/** The verifier in a running tree: 0 while events pour in, and not 0 after a loss. */

import { expect, test } from "bun:test";
import { readRuntimeFile } from "../../src/cli/runtime-file.ts";
import { embeddedAddress } from "../../src/stores/postgres/embedded.ts";
import { openPool } from "../../src/stores/postgres/pool.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { query } from "../support/backbone.ts";
import { aWatchBody } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { Tree } from "../support/tree.ts";

/** A pool on the database that a running tree brought along. */
function treePool({ dataDir }: Tree): Pool {
  const port = readRuntimeFile(dataDir)?.storePort ?? 0;
  return openPool({ url: embeddedAddress(dataDir, port).url, applicationName: "test" });
}

/** The value of a metric without labels; NaN where it is not told yet. */
async function metric(tree: Tree, name: string): Promise<number> {
  const text = await (await tree.get("/metrics")).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

const PATIENCE = { timeoutMs: 90_000, intervalMs: 500 };

test("a tree under load is verified without an alarm, and tells of each event that is then lost", async () => {
  await using tree = await Tree.start();
  await using pool = treePool(tree);
  const now = () => Date.now();
  const told = { unaccounted: new Set<number>(), errors: new Set<number>() };
  let sent = 0;
  const startedMs = now();
  const send = async (n: number) => {
    const id = String(n).padStart(6, "0");
    const ts_ms = now();
    const answers = await Promise.all([
      tree.post("/log/watch", aWatchBody({ event_id: `watched-${id}`, ts_ms, user_id: `u-${n % 50}` })),
      tree.post("/event", {
        event_id: `direct-${id}`,
        user_id: `u-${n % 50}`,
        item_id: `i-${n % 20}`,
        event_type: "click",
        ts: Math.floor(ts_ms / 1000),
      }),
      tree.get(`/reco?user_id=u-${n % 50}&session_id=s-${n}&k=5`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    await Promise.all(answers.map((answer) => answer.body?.cancel()));
  };
  // Under load until what was acknowledged under load is verified.
  await eventually(
    async () => {
      await Promise.all(Array.from({ length: 10 }, () => send(++sent)));
      told.unaccounted.add(await metric(tree, "reco_verifier_unaccounted_events"));
      told.errors.add(await metric(tree, "reco_verifier_errors_total"));
      const untilMs = (await metric(tree, "reco_verifier_verified_until_timestamp_seconds")) * 1000;
      expect(untilMs).toBeGreaterThan(startedMs + 10_000);
    },
    { timeoutMs: 90_000 },
  );
  expect([...told.unaccounted].filter((value) => !Number.isNaN(value))).toEqual([0]);
  expect([...told.errors].filter((value) => value > 0)).toEqual([]);

  await query(
    pool,
    `delete from feature_event_consumed where stream_event_id = 'watch-watched-000001';
     delete from events where event_id in ('watch-watched-000001', 'direct-000002')`,
  );
  await eventually(
    async () => expect(await metric(tree, "reco_verifier_unaccounted_events")).toBe(2),
    PATIENCE,
  );
  expect(await query(pool, "select event_id, reason from verifier_finding order by 1")).toEqual([
    { event_id: "direct-000002", reason: "fact" },
    { event_id: "watched-000001", reason: "effect" },
  ]);

  await query(
    pool,
    "update event_outbox set status = 'pending', published_at = null where event_id = 'watched-000001'",
  );
  await eventually(
    async () => expect(await metric(tree, "reco_verifier_unaccounted_events")).toBe(1),
    PATIENCE,
  );
}, 240_000);
