/** Trees on one store whose processes take the time from wall clocks that are hours apart. */

import { expect, test } from "bun:test";
import { join } from "node:path";
import { query } from "../support/backbone.ts";
import { testDatabase } from "../support/databases.ts";
import { aWatchBody } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { ROOT } from "../support/program.ts";
import { Tree } from "../support/tree.ts";

const HOUR_MS = 3_600_000;
const LEASE_SEC = 3;
const LEASES_LONG = 3;
const PARTITIONS = 9;
const PRELOAD = join(ROOT, "tests/fixtures/programs/shifted-clock.ts");

/** What a child process of the tree last took for the time; all get their clock by the same environment. */
function childTimeMs(tree: Tree): number {
  const lines = tree.output().split("\n");
  const line = lines.findLast((text) => text.includes('"logger":"reco.migrator"'));
  return Date.parse((JSON.parse(line ?? "{}") as { timestamp: string }).timestamp);
}

test("F26: relays of trees whose clocks are two hours fast and slow keep their partitions and miss no heartbeat", async () => {
  await using database = await testDatabase();
  const pool = database.pool();
  const start = (hours: number, roles: string) =>
    Tree.start({
      args: ["--roles", roles],
      env: {
        DATABASE_URL: database.url,
        OUTBOX_PARTITIONS: String(PARTITIONS),
        OUTBOX_RELAY_LEASE_SEC: String(LEASE_SEC),
        OUTBOX_RELAY_PUBLISH_TIMEOUT_SEC: "1",
        ...(hours !== 0 && {
          BUN_OPTIONS: `--preload=${PRELOAD}`,
          SHIFTED_CLOCK_MS: String(hours * HOUR_MS),
        }),
      },
    });
  await using right = await start(0, "http,relay");
  await using fast = await start(2, "http,relay");
  await using slow = await start(-2, "http,relay");
  const trees = [right, fast, slow];
  const shifts = () => [fast, slow].map((tree) => Math.round((childTimeMs(tree) - Date.now()) / HOUR_MS));
  await eventually(() => expect(shifts()).toEqual([2, -2]));

  const shares =
    "select count(*)::int as held from outbox_partition where lease_until > now() group by owner";
  await eventually(async () => expect(await query(pool, shares)).toEqual(Array(3).fill({ held: 3 })), {
    timeoutMs: 30_000,
  });
  const holders = () =>
    query(pool, "select partition, owner, epoch from outbox_partition order by partition");
  const before = await holders();
  const [{ since } = { since: null }] = await query(pool, "select clock_timestamp()::text as since");
  const passed = `select clock_timestamp() > '${since}'::timestamptz + interval '${LEASES_LONG * LEASE_SEC} s' as passed`;
  for (let round = 0; (await query(pool, passed))[0]?.["passed"] !== true; round++) {
    const watch = aWatchBody({
      event_id: `clock-${String(round).padStart(4, "0")}`,
      user_id: `u-${round % 20}`,
      ts_ms: Date.now(),
    });
    expect((await right.post("/log/watch", watch)).status).toBe(200);
    await eventually(
      async () =>
        expect(await query(pool, "select 1 from event_outbox where published_at is null")).toEqual([]),
      { timeoutMs: 20_000 },
    );
    const silent = `select 1 from outbox_relay_member where heartbeat_at < clock_timestamp() - interval '${LEASE_SEC} s'`;
    expect(await query(pool, silent)).toEqual([]);
  }

  expect(await holders()).toEqual(before);
  for (const tree of trees) {
    expect(tree.actors().map(({ id, incarnation }) => `${id} ${incarnation}`)).toEqual(
      tree.actors().map(({ id }) => `${id} 1`),
    );
  }
}, 120_000);
