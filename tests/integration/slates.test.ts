/** Slates on their way through an http worker, the writer and PostgreSQL, and back through the API. */

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { start, type WriterMessage } from "../../src/actors/writer.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { createIngestStore } from "../../src/stores/postgres/ingest-store.ts";
import type { Actor } from "../../src/supervisor/actor.ts";
import { createTestContext } from "../support/actor-context.ts";
import { query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import type { ConfigOverrides } from "../support/fakes/http-services.ts";
import { actorArgs, type HttpWorker, startHttpWorker } from "../support/http-worker.ts";
import { aDirectEvent, planOf } from "../support/plans.ts";

setDefaultTimeout(30_000);

let database: TestDatabase;
let writer: Actor<WriterMessage>;

beforeAll(async () => {
  database = await testDatabase();
  const pool = database.pool();
  const events = Array.from({ length: 30 }, (_, place) =>
    aDirectEvent({
      eventId: `event-${String(place).padStart(4, "0")}`,
      userId: `u-${place % 5}`,
      itemId: `i-${place % 12}`,
      tsMs: systemClock.nowMs() - 60_000 + place,
    }),
  );
  await createIngestStore(pool, systemClock).accept(events.map(planOf), Deadline.after(10_000));
  const context = createTestContext({
    id: "writer",
    args: actorArgs(database.url, "/nonexistent"),
    peers: { relay: {} },
  });
  writer = (await start(context)) as Actor<WriterMessage>;
});
afterAll(async () => {
  await writer?.stop?.();
  await database[Symbol.asyncDispose]();
});

/** Hands the writer what the worker sent to it until now. */
async function deliver({ context }: HttpWorker): Promise<void> {
  const sent = context.sentTo("writer") as readonly WriterMessage[];
  for (const message of sent) await writer.receive?.(structuredClone(message), "http-0");
}

const worker = (policy: "rules-v1" | "stream-v1", overrides: ConfigOverrides = {}) =>
  startHttpWorker(database, { ...overrides, reco: { policy, deadlineMs: 5_000 } });
const bodyAt = async (at: HttpWorker, path: string) => {
  const response = await at.get(path);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

test.each(["rules-v1", "stream-v1"] as const)(
  "a slate of %s is explained, asked, and made again, also one that came from a kept list",
  async (policy) => {
    await using http = await worker(policy);
    const ids = [1, 2].map((call) => `${policy}-call-${call}`);
    for (const id of ids) {
      const answer = await http.get("/reco?user_id=u-1&session_id=s&k=3", { "X-Request-ID": id });
      expect(answer.status).toBe(200);
      await answer.body?.cancel();
    }
    await eventually(() => {
      const sent = http.context.sentTo("writer") as readonly WriterMessage[];
      expect(sent.filter(({ kind }) => kind === "slates").length).toBeGreaterThan(0);
    });
    await deliver(http);
    for (const id of ids) {
      const slate = await eventually(async () => {
        const answer = await bodyAt(http, `/slates/${id}`);
        expect(answer.status).toBe(200);
        return answer.body;
      });
      expect(slate).toMatchObject({ policy: `builtin:${policy}`, features: "kept" });
      const items = slate["items"] as { item_id: string }[];
      expect(items.length).toBe(3);
      const shown = await bodyAt(http, `/slates/${id}/why-not/${items[0]?.item_id}`);
      expect(shown.body).toMatchObject({ verdict: "shown", position: 0 });
      const seen = await bodyAt(http, `/slates/${id}/why-not/i-1`);
      expect(seen.body).toMatchObject({ verdict: "seen" });
      const unknown = await bodyAt(http, `/slates/${id}/why-not/nothing`);
      expect(unknown.body).toMatchObject({ verdict: "unknown_item" });
      const replay = await http.post(`/slates/${id}/replay`, {});
      expect(await replay.json()).toMatchObject({ identical: true, differences: [] });
    }
  },
);

test("a request id of the last day is stored once, and nothing is where the retention is 0", async () => {
  await using http = await worker("stream-v1");
  for (const k of [2, 3]) {
    const answer = await http.get(`/reco?user_id=u-2&session_id=s&k=${k}`, {
      "X-Request-ID": "same-request",
    });
    await answer.body?.cancel();
  }
  await using silent = await worker("stream-v1", {
    retention: { consumedDays: 14, dlqDays: 30, factDays: 180, slateDays: 0 },
  });
  const answer = await silent.get("/reco?user_id=u-2&session_id=s", { "X-Request-ID": "silent-request" });
  await answer.body?.cancel();
  await http.actor.stop?.();
  await silent.actor.stop?.();
  await deliver(http);
  await deliver(silent);
  await eventually(async () => {
    const rows = await query(
      database.pool(),
      "select request_id, k from served_slates where request_id in ('same-request', 'silent-request')",
    );
    expect(rows).toEqual([{ request_id: "same-request", k: 2 }]);
  });
});
