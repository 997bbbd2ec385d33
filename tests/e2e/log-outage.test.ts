/** A whole tree whose event log takes nothing for a while, although its store is well. */

import { expect, test } from "bun:test";
import postgres from "postgres";
import { loggedByUser, query } from "../support/backbone.ts";
import { testDatabase } from "../support/databases.ts";
import { aWatchBody } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { Tree } from "../support/tree.ts";

const HIGH_WATER = 40;
const USERS = 7;
const PATIENCE = { timeoutMs: 30_000, intervalMs: 100 };

async function metric(tree: Tree, name: string): Promise<number> {
  const text = await (await tree.get("/metrics")).text();
  return Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, "m").exec(text)?.[1]);
}

test("F20: while the log takes nothing a tree accepts events, shows the lag, sheds batches alone, and loses nothing", async () => {
  await using database = await testDatabase();
  const pool = database.pool();
  await using tree = await Tree.start({
    args: ["--roles", "http,relay,consumer,monitor"],
    env: {
      DATABASE_URL: database.url,
      OUTBOX_HIGH_WATER: String(HIGH_WATER),
      OUTBOX_RELAY_PUBLISH_TIMEOUT_SEC: "1",
      OUTBOX_RELAY_LEASE_SEC: "3",
    },
  });
  await using opened = new AsyncDisposableStack();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  opened.defer(() => sql.end({ timeout: 1 }));
  const accepted = new Map<string, string[]>();
  let sent = 0;
  /** A purchase: it adds 10 to the popularity of its item. */
  const post = async (path: string, bodyOf: (watch: object) => object) => {
    const ids = { user_id: `u-${sent % USERS}`, event_id: `outage-${String(sent++).padStart(4, "0")}` };
    const watch = aWatchBody({ ...ids, ts_ms: Date.now(), watch_time_sec: 300 });
    const answer = await tree.post(path, bodyOf(watch));
    if (answer.status === 200)
      accepted.set(ids.user_id, [...(accepted.get(ids.user_id) ?? []), ids.event_id]);
    return answer;
  };
  const single = async () => expect((await post("/log/watch", (watch) => watch)).status).toBe(200);
  const batch = () => post("/log/batch", (watch) => ({ events: [{ event_type: "watch", ...watch }] }));

  const held = await sql.reserve();
  await held`begin`;
  await held`lock table event_log in share mode`;
  for (let turn = 0; turn <= HIGH_WATER; turn++) await single();
  await eventually(async () => {
    const shed = await batch();
    expect([shed.status, shed.headers.get("retry-after")]).toEqual([503, expect.any(String)]);
    await single();
  }, PATIENCE);
  const lag = () => metric(tree, "reco_outbox_backlog_oldest_lag_ms");
  const before = await eventually(async () => {
    const lagMs = await lag();
    expect(lagMs).toBeGreaterThan(0);
    return lagMs;
  }, PATIENCE);
  await eventually(async () => expect(await lag()).toBeGreaterThan(before), PATIENCE);
  await eventually(() => expect(tree.output()).toContain("relay.breaker"), PATIENCE);
  await single();
  expect(tree.actors().map(({ id, incarnation }) => [id, incarnation])).toEqual(
    tree.actors().map(({ id }) => [id, 1]),
  );

  await held`rollback`;
  held.release();

  await eventually(async () => expect((await batch()).status).toBe(200), PATIENCE);
  const score = 10 * [...accepted.values()].flat().length;
  await eventually(
    async () => expect(await query(pool, "select score::int from item_popularity")).toEqual([{ score }]),
    PATIENCE,
  );
  expect(await query(pool, "select 1 from event_outbox where status = 'dead'")).toEqual([]);
  // What was in doubt may have come twice: first appearances keep the order.
  const logged = [...(await loggedByUser(pool))].map(([user, ids]) => [user, [...new Set(ids)]] as const);
  expect(new Map(logged)).toEqual(accepted);
}, 120_000);
