/** The logs of served slates against one contract. */

import { Deadline } from "../../src/core/deadline.ts";
import { createSlateLog } from "../../src/stores/postgres/slate-log.ts";
import { createSlateStore } from "../../src/stores/postgres/slate-store.ts";
import { testDatabase } from "../support/databases.ts";
import { fakeSlateLog } from "../support/fakes/slate-log.ts";
import { written } from "../support/slates.ts";
import { describeSlateLog } from "./slate-log-suite.ts";

describeSlateLog("postgres", async (batch, watches) => {
  const database = await testDatabase();
  const pool = database.pool();
  const soon = Deadline.after(20_000);
  await createSlateStore(pool, 7).store(written(batch), soon);
  await pool.use("write", soon, async (sql) => {
    for (const [place, watch] of watches.entries()) {
      await sql`
        insert into watches (event_id, user_id, session_id, request_id, item_id, ts_ms, watch_time_sec, percent_watched)
        values (${`watch-${place}`}, 'u-1', 's-1', ${watch.requestId}, ${watch.itemId}, ${BigInt(watch.tsMs)},
          ${watch.watchTimeSec}, ${watch.percentWatched})`;
    }
  });
  return { log: createSlateLog(pool), [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
});

describeSlateLog("memory", async ({ slates, features }, watches) => {
  const kept = new Map(features.map((each) => [each.id, each.features]));
  const stored = slates.map(({ featuresId, ...slate }) => ({
    slate,
    features: kept.get(featuresId ?? "") ?? ("missing" as const),
  }));
  return {
    log: fakeSlateLog(stored, watches),
    async [Symbol.asyncDispose]() {
      // Holds nothing.
    },
  };
});
