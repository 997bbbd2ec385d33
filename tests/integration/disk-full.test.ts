/** A store whose disk is full: nothing is half stored, callers are told, and space is all that it takes to recover. */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { migrate } from "../../src/stores/postgres/migrate.ts";
import { startTestServer } from "../support/embedded.ts";
import { eventually } from "../support/eventually.ts";
import { startHttpWorker } from "../support/http-worker.ts";
import { smallDisk, smallDiskMissing } from "../support/privileges.ts";

setDefaultTimeout(180_000);

const MIB = 1024 * 1024;
const DISK_BYTES = 320 * MIB;
const BATCH = 40;
const ITEMS = 300;

const missing = smallDiskMissing();

/** Watches and long slates of one batch: some megabytes of rows. */
const aBatch = (batch: number) => ({
  events: Array.from({ length: BATCH }, (_, nth) => ({
    event_type: "impression",
    event_id: `disk-${batch}-${nth}-impression`,
    user_id: `u-${nth}`,
    session_id: "s-1",
    request_id: "r-1",
    ts_ms: systemClock.nowMs(),
    items: Array.from({ length: ITEMS }, (_item, position) => ({
      item_id: `item-${batch}-${position}`,
      position,
    })),
  })),
});

describe.skipIf(missing !== null)(`on a small disk${missing === null ? "" : ` (${missing})`}`, () => {
  test("F13: a full disk is 503 with an open breaker, leaves no half batch, and recovers with space", async () => {
    using disk = smallDisk(DISK_BYTES);
    await using server = await startTestServer({ parent: disk.path });
    await migrate({ url: server.url, deadline: Deadline.after(60_000) });
    await using worker = await startHttpWorker(server, { database: { statementTimeoutMs: 20_000 } });
    const sql = postgres(server.url, { max: 1, onnotice: () => {} });
    // What has room in free pages must not hide that the disk is full.
    const fill = () => {
      const ballast = openSync(join(disk.path, "ballast"), "a");
      const block = Buffer.alloc(64 * 1024);
      try {
        while (statfsSync(disk.path).bavail > 0) writeSync(ballast, block);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      } finally {
        closeSync(ballast);
      }
    };
    let batches = 0;
    const post = async () => {
      const batch = ++batches;
      const response = await worker.post("/log/batch", aBatch(batch));
      await response.body?.cancel();
      return { batch, status: response.status };
    };
    const rowsOf = async (batch: number) => {
      const [row] = await sql`
        select (select count(*)::int from impressions where event_id like ${`disk-${batch}-%`}) as facts,
          (select count(*)::int from event_outbox where event_id like ${`disk-${batch}-%`}) as outbox,
          (select count(*)::int from ingested_event where event_id like ${`disk-${batch}-%`}) as ledger`;
      return row;
    };
    const whole = { facts: BATCH * ITEMS, outbox: BATCH, ledger: BATCH };
    const accepted = await post();
    expect(accepted.status).toBe(200);
    expect(await rowsOf(accepted.batch)).toEqual(whole);

    fill();
    try {
      const refused = await eventually(
        async () => {
          const answer = await post();
          expect([200, 503]).toContain(answer.status);
          expect(answer.status).toBe(503);
          return answer;
        },
        { timeoutMs: 60_000, intervalMs: 1 },
      );
      expect(await rowsOf(refused.batch)).toEqual({ facts: 0, outbox: 0, ledger: 0 });
      await eventually(
        async () => {
          expect((await post()).status).toBe(503);
          expect(
            worker.counted("reco_breaker_transitions_total", { breaker_name: "store_write", to: "open" }),
          ).toBeGreaterThan(0);
        },
        { timeoutMs: 60_000, intervalMs: 1 },
      );
      expect((await worker.get("/reco?user_id=u-1&session_id=s-1&k=5")).status).toBe(200);
    } finally {
      rmSync(join(disk.path, "ballast"));
    }

    const later = await eventually(
      async () => {
        const answer = await post();
        expect(answer.status).toBe(200);
        return answer;
      },
      { timeoutMs: 60_000, intervalMs: 200 },
    );
    expect(await rowsOf(later.batch)).toEqual(whole);
    expect(await rowsOf(accepted.batch)).toEqual(whole);
    await sql.end({ timeout: 1 });
  });
});
