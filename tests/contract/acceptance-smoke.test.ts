/** Each check of a smoke run against a server that does right, and against one that does one thing wrong. */

import { describe, expect, test } from "bun:test";
import { ApiClient } from "../../src/cli/acceptance/api-client.ts";
import {
  runSmoke,
  SMOKE_CHECKS,
  type SmokeCheck,
  type SmokePlan,
} from "../../src/cli/acceptance/smoke-run.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { seededRandom } from "../../src/core/random.ts";
import { type Answerer, fakeReco, healthz } from "../support/fake-reco.ts";

const PLAN: SmokePlan = {
  readyTimeoutMs: 2_000,
  pollMs: 10,
  seedUsers: 2,
  seedItems: 3,
  seedRounds: 3,
  recoRequests: 7,
  outboxTimeoutMs: 200,
  maxOutboxPending: 0,
};

/** Waits a twentieth of the time, and notes how long it should have waited. */
function hastyClock(): Clock & { readonly sleptMs: number[] } {
  const sleptMs: number[] = [];
  const sleep = (delayMs: number) => {
    sleptMs.push(delayMs);
    return systemClock.sleep(delayMs / 20);
  };
  return { ...systemClock, sleep, sleptMs };
}

async function smoke(overrides: Readonly<Record<string, Answerer>> = {}, plan: Partial<SmokePlan> = {}) {
  using server = fakeReco(overrides);
  using api = new ApiClient({ baseUrl: server.url, apiKey: null, timeoutMs: 500 });
  const clock = hastyClock();
  const problems: Partial<Record<SmokeCheck, string | null>> = {};
  const report = await runSmoke(
    { ...PLAN, ...plan },
    {
      api,
      clock,
      random: seededRandom(1),
      onCheck: (check, problem) => {
        problems[check] = problem;
      },
    },
  );
  const failed = SMOKE_CHECKS.filter((check) => report.checks[check] === "fail");
  return { report, problems, failed, seen: server.seen, sleptMs: clock.sleptMs };
}

const json =
  (body: unknown, status = 200) =>
  () =>
    Response.json(body, { status });

describe("a server that does right", () => {
  test("passes every check, in order", async () => {
    const { report, problems } = await smoke();
    expect(report).toEqual({
      timestamp_ms: expect.any(Number),
      checks: {
        readyz: "pass",
        seed_events: "pass",
        reco_traffic: "pass",
        watch_traffic: "pass",
        watch_idempotency: "pass",
        outbox_settled: "pass",
        reco_metrics_samples: "pass",
      },
      traffic: { reco_ok: 7, watch_ok: 7, empty_reco: 0 },
      seeded_events: 18,
      outbox_snapshot: { pending: 0, publishing: 0, published: 3, dead: 0, oldest_lag_ms: 0 },
      reco_metrics_sample_size: 30,
    });
    expect(Object.keys(report.checks)).toEqual([...SMOKE_CHECKS]);
    expect(Object.keys(problems)).toEqual([...SMOKE_CHECKS]);
  });

  test("gets users times items times rounds of events: views, then clicks", async () => {
    const { seen } = await smoke();
    const events = seen.flatMap(({ line, body }) => (line === "POST /event" ? [JSON.parse(body)] : []));
    const described = events.map((event) => `${event.user_id} ${event.item_id} ${event.event_type}`);
    const round = (type: string) =>
      [0, 1].flatMap((user) => [0, 1, 2].map((item) => `seed-user-${user} seed-item-${item} ${type}`));
    expect(described).toEqual([...round("view"), ...round("click"), ...round("click")]);
  });

  test("is asked for five items by five users, who watch the first", async () => {
    const { seen } = await smoke();
    const asked = seen.flatMap(({ line }) =>
      line.startsWith("GET /reco?") ? [new URLSearchParams(line.slice(10))] : [],
    );
    expect(asked.map((query) => [query.get("user_id"), query.get("k")])).toEqual(
      [0, 1, 2, 3, 4, 0, 1].map((user) => [`smoke-user-${user}`, "5"]),
    );
    const watches = seen.flatMap(({ line, body }) => (line === "POST /log/watch" ? [JSON.parse(body)] : []));
    expect(watches[0]).toEqual({
      event_id: expect.stringMatching(/^smoke-0-[0-9a-f]{32}$/),
      user_id: "smoke-user-0",
      session_id: asked[0]?.get("session_id"),
      request_id: "req-00000001",
      item_id: "i-1",
      ts_ms: expect.any(Number),
      watch_time_sec: 60,
      percent_watched: 95,
    });
    expect(watches.at(-1)).toEqual(watches.at(-2));
  });

  test("may take its time to be ready, and to settle", async () => {
    let [asked, looked] = [0, 0];
    const { failed } = await smoke(
      {
        "/readyz": () =>
          ++asked < 4 ? new Response("starting", { status: 503 }) : Response.json({ ready: true }),
        "/healthz": () => healthz({ pending: ++looked < 4 ? 5 : 0, publishing: 0, dead: 0 }),
      },
      { outboxTimeoutMs: 5_000 },
    );
    expect({ failed, asked, looked }).toEqual({ failed: [], asked: 4, looked: 4 });
  });

  test("is looked at for its outbox when an older look can no longer count", async () => {
    expect((await smoke()).sleptMs).toEqual([1_000]);
  });

  test("may leave as many rows waiting as the plan allows", async () => {
    const waiting = { "/healthz": () => healthz({ pending: 2, publishing: 1, dead: 0 }) };
    expect((await smoke(waiting, { maxOutboxPending: 3 })).failed).toEqual([]);
    expect((await smoke(waiting, { maxOutboxPending: 2 })).failed).toEqual(["outbox_settled"]);
  });
});

describe("a server that does one thing wrong", () => {
  test("is not tried further when it never gets ready", async () => {
    const { report, failed, problems, seen } = await smoke(
      { "/readyz": json({ ready: false }) },
      { readyTimeoutMs: 100 },
    );
    expect(failed).toEqual([...SMOKE_CHECKS]);
    expect(problems.readyz).toBe("not ready within 0.1 s: the answer does not say ready: true");
    expect(report).toMatchObject({ seeded_events: 0, outbox_snapshot: {}, reco_metrics_sample_size: 0 });
    expect(seen.every(({ line }) => line === "GET /readyz")).toBe(true);
  });

  test.each<[SmokeCheck, string, string, Answerer, string]>([
    [
      "seed_events",
      "refuses events",
      "/event",
      json({ error_code: "unauthorized" }, 401),
      "event 1: HTTP 401 unauthorized",
    ],
    ["seed_events", "talks nonsense", "/event", json([]), "event 1: the answer's status is not ok"],
    [
      "outbox_settled",
      "keeps rows waiting",
      "/healthz",
      () => healthz({ pending: 1, publishing: 0, dead: 0 }),
      "not settled within 0.2 s: 1 pending, 0 publishing, 0 dead",
    ],
    [
      "outbox_settled",
      "has dead rows",
      "/healthz",
      () => healthz({ pending: 0, publishing: 0, dead: 2 }),
      "not settled within 0.2 s: 0 pending, 0 publishing, 2 dead",
    ],
    [
      "outbox_settled",
      "has lost its store",
      "/healthz",
      () => healthz(null),
      "not settled within 0.2 s: the answer has no outbox counts",
    ],
    [
      "outbox_settled",
      "cannot count",
      "/healthz",
      () => healthz({ error: "TypeError: x" }),
      "not settled within 0.2 s: the answer has no outbox counts",
    ],
    [
      "reco_metrics_samples",
      "counts nothing",
      "/metrics/reco",
      json({ sample_size: 0 }),
      "the window holds no sample",
    ],
    [
      "reco_metrics_samples",
      "has no count",
      "/metrics/reco",
      json({ sample_size: "30" }),
      "the answer has no sample_size",
    ],
    [
      "watch_idempotency",
      "forgets events",
      "/log/watch",
      json({ status: "ok" }),
      "second: the answer's status is not duplicate",
    ],
    [
      "watch_traffic",
      "recommends nothing",
      "/reco",
      json({ request_id: "r", items: [] }),
      "no recommendation to watch came",
    ],
  ])("fails %s when it %s", async (check, _, path, answerer, problem) => {
    const { failed, problems } = await smoke({ [path]: answerer });
    expect(failed).toEqual([check]);
    expect(problems[check]).toBe(problem);
  });

  test("is asked no further for recommendations after a wrong one", async () => {
    let calls = 0;
    const { report, failed, problems } = await smoke({
      "/reco": () => Response.json({ request_id: "r", items: ++calls === 3 ? [1] : ["i"] }),
    });
    expect(failed).toEqual(["reco_traffic"]);
    expect(problems.reco_traffic).toBe("request 3: the answer is no list of recommendations");
    expect(report.traffic).toEqual({ reco_ok: 2, watch_ok: 2, empty_reco: 0 });
  });

  test("gets no further watch after a refused one, and recommendations go on", async () => {
    const { report, failed } = await smoke({ "/log/watch": json({ error_code: "persist_failed" }, 503) });
    expect(failed).toEqual(["watch_traffic", "watch_idempotency"]);
    expect(report.traffic).toEqual({ reco_ok: 7, watch_ok: 0, empty_reco: 0 });
  });

  test("holds no check for longer than its timeout when it stalls", async () => {
    const { failed, problems } = await smoke({ "/event": () => new Promise(() => {}) });
    expect(failed).toEqual(["seed_events"]);
    expect(problems.seed_events).toBe("event 1: no answer within 0.5 s");
  });
});
