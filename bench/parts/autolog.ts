/** `/reco` with its impressions logged: how many of them are stored a second with none lost, beside bare inserts of the same rows. */

import { USERS } from "../data/names.ts";
import { type LoadResult, runLoad } from "../load/plan.ts";
import { figure } from "../support/figure.ts";
import type { PartOptions, PartResult } from "../support/part.ts";
import { rawEventsPerSec } from "../support/raw-inserts.ts";
import { Server } from "../support/server.ts";
import { openStore, type Store } from "../support/store.ts";
import { touchAllUsers } from "../support/touch-users.ts";

const LOGGED = "impressions of 20 items logged by /reco, none lost";
const CONNECTIONS = 32;
/** As many as the writer's groups. */
const RAW_CONNECTIONS = 2;
const STORED_WITHIN_MS = 10_000;

interface Round {
  /** Events a second of bare inserts with a row an item. */
  readonly rows: number;
  /** The same with an event's items split by the server. */
  readonly split: number;
  /** Impression events a second, from the first request until the last one's was stored. */
  readonly stored: number;
  /** Answered slates without a stored impression. */
  readonly lost: number;
  readonly result: LoadResult;
}

export async function autolog(options: PartOptions): Promise<PartResult> {
  await using store = await openStore();
  await using tree = await Server.tree({ databaseUrl: store.url });
  await touchAllUsers(tree);
  const rounds: Round[] = [];
  for (let round = 0; round < options.rounds; round++) {
    await store.clearWrites();
    const rows = await rawEventsPerSec(store.url, "impression-rows", RAW_CONNECTIONS, options.seconds);
    await store.clearWrites();
    const split = await rawEventsPerSec(store.url, "impression-split", RAW_CONNECTIONS, options.seconds);
    await store.clearWrites();
    rounds.push({ rows, split, ...(await logged(store, tree, options.seconds)) });
  }
  const lost = rounds.reduce((sum, round) => sum + round.lost, 0);
  return {
    figures: [
      figure(
        LOGGED,
        "events/s",
        "bare multi-row inserts",
        rounds.map(({ rows, stored }) => ({ value: stored, reference: rows })),
        { of: "ratio", is: ">=", limit: 0.9 },
      ),
      figure(
        LOGGED,
        "events/s",
        "bare inserts, items split by the server",
        rounds.map(({ split, stored }) => ({ value: stored, reference: split })),
      ),
    ],
    rounds,
    refused: lost > 0 ? [`${lost} impressions were lost`] : [],
  };
}

/** A closed loop: with the writer's queue full an answer waits for its impression, so the loop finds the rate itself. */
async function logged(
  store: Store,
  { port, pid }: Server,
  seconds: number,
): Promise<Omit<Round, "rows" | "split">> {
  const startedMs = performance.now();
  const result = await runLoad({
    port,
    connections: CONNECTIONS,
    request: { kind: "reco", users: USERS, autolog: true },
    ratePerSec: null,
    warmUpMs: 0,
    measureMs: seconds * 1_000,
    pids: [pid],
  });
  // A call that was refused showed no slate, so there is nothing of it to lose.
  const answered = result.statuses["200"] ?? 0;
  const { count, atMs } = await settled(store, answered);
  return { stored: (count * 1_000) / (atMs - startedMs), lost: Math.max(0, answered - count), result };
}

/** Waits until as many impressions are stored as answers were counted, and no more come: the last ones were under way. */
async function settled(store: Store, expected: number): Promise<{ count: number; atMs: number }> {
  const endMs = performance.now() + STORED_WITHIN_MS;
  let last = { count: -1, atMs: 0 };
  while (performance.now() < endMs) {
    const [row] = await store.sql<{ count: number }[]>`
      select count(*)::int as count from ingested_event where event_type = 'impression'`;
    const count = row?.count ?? 0;
    if (count >= expected && count === last.count) return last;
    if (count !== last.count) last = { count, atMs: performance.now() };
    await Bun.sleep(100);
  }
  return last;
}
