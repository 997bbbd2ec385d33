import { describe, expect, test } from "bun:test";
import { ADMISSION_LIMITS } from "../../src/http/route.ts";
import { answerOf, bodyOf } from "../support/answers.ts";
import { aDirectBody, aWatchBody } from "../support/events.ts";
import { type ConfigOverrides, fakeHttp } from "../support/fakes/http-services.ts";

const RECO = "/reco?user_id=u-1&session_id=s-1";
const KEYED: ConfigOverrides = { http: { authMode: "keyed", apiKeys: ["first-key", "second-key"] } };
const JSON_HEADERS = { "Content-Type": "application/json" };
const HEALTH = [
  "/healthz",
  "/readyz",
  "/livez",
  "/startupz",
  "/health",
  "/ready",
  "/metrics",
  "/metrics/prometheus",
];

describe("access", () => {
  test.each([RECO, "/recommend?user_id=u", "/contract", "/metrics/reco", "/analytics/baseline"])(
    "%s needs a key in keyed mode",
    async (path) => {
      const http = fakeHttp(KEYED);
      const statuses = [await http.get(path), await http.get(path, { "x-api-key": "second-key" })];
      expect(statuses.map(({ status }) => status)).toEqual([401, 200]);
    },
  );

  test("an absent and a wrong key get one body, counted apart", async () => {
    const http = fakeHttp(KEYED);
    const chosen = { "X-Request-ID": "request-0001" };
    const absent = await answerOf(await http.get(RECO, chosen));
    const wrong = await answerOf(await http.get(RECO, { ...chosen, "x-api-key": "first-kez" }));
    expect(wrong).toEqual(absent);
    expect(absent).toMatchObject({ status: 401, body: { error_code: "unauthorized" } });
    const counted = ["missing", "invalid"].map((reason) =>
      http.metric("reco_auth_failures_total", { reason }),
    );
    expect(counted).toEqual([1, 1]);
  });

  test.each([...HEALTH, "/", "/docs", "/openapi.json"])("%s is public", async (path) => {
    expect((await fakeHttp(KEYED).get(path)).status).toBe(200);
  });

  test("open mode asks for no key", async () => {
    expect((await fakeHttp({ http: { authMode: "open", apiKeys: ["k"] } }).get(RECO)).status).toBe(200);
  });

  test("keyed mode without a configured key is 503", async () => {
    const response = await fakeHttp({ http: { authMode: "keyed", apiKeys: [] } }).get(RECO);
    expect(response.headers.has("Retry-After")).toBe(true);
    expect(await answerOf(response)).toMatchObject({
      status: 503,
      body: { error_code: "api_key_not_configured" },
    });
  });

  test.each(["api_key", "x-api-key", "X_API_KEY", "apikey"])(
    "a key in the query as %s is refused",
    async (name) => {
      const http = fakeHttp(KEYED);
      const response = await http.get(`${RECO}&${name}=first-key`, { "x-api-key": "first-key" });
      const text = await response.text();
      expect([response.status, JSON.parse(text).error_code]).toEqual([400, "key_in_query"]);
      expect(text + JSON.stringify(http.lines)).not.toContain("first-key");
    },
  );
});

describe("administration", () => {
  const promote = (http: ReturnType<typeof fakeHttp>, headers: Record<string, string> = {}) =>
    http.post("/policy/promote", { run_id: "20260101_000000" }, headers);
  const ADMIN: ConfigOverrides = {
    http: { ...KEYED.http, adminKey: "admin-key", modelReloadToken: "reload-token" },
  };

  test.each(["127.0.0.1", "::1", "::ffff:10.1.2.3", "192.168.4.5", "fd00::1"])(
    "in open mode is for callers near by: %s",
    async (peer) => {
      const http = fakeHttp();
      http.peer = peer;
      expect((await promote(http)).status).toBe(200);
    },
  );

  test.each(["203.0.113.7", "2001:db8::1", "::ffff:8.8.8.8", null, "nonsense"])(
    "in open mode is closed to %p, whatever key comes along",
    async (peer) => {
      const http = fakeHttp();
      http.peer = peer;
      const answer = await answerOf(await promote(http, { "x-admin-key": "admin-key" }));
      expect(answer).toMatchObject({ status: 403, body: { error_code: "forbidden" } });
      expect(http.metric("reco_auth_failures_total", { reason: "admin" })).toBe(1);
    },
  );

  test("in keyed mode needs both keys, wherever the call comes from", async () => {
    const http = fakeHttp(ADMIN);
    const statusOf = async (headers: Record<string, string>) => (await promote(http, headers)).status;
    expect(await statusOf({ "x-admin-key": "admin-key" })).toBe(401);
    expect(await statusOf({ "x-api-key": "first-key" })).toBe(403);
    expect(await statusOf({ "x-api-key": "first-key", "x-admin-key": "wrong" })).toBe(403);
    expect(await statusOf({ "x-api-key": "first-key", "x-admin-key": "admin-key" })).toBe(200);
  });

  test("without a configured admin key is closed in keyed mode", async () => {
    const http = fakeHttp(KEYED);
    expect((await promote(http, { "x-api-key": "first-key", "x-admin-key": "" })).status).toBe(403);
  });

  test("the reload token opens reloading and nothing else", async () => {
    const http = fakeHttp(ADMIN);
    const token = { Authorization: "Bearer reload-token" };
    const reload = (headers: Record<string, string>) =>
      http.post("/models/reload", { run_id: "20260101_000000" }, headers);
    expect((await reload(token)).status).toBe(200);
    expect((await reload({ Authorization: "Bearer other" })).status).toBe(401);
    expect((await promote(http, token)).status).toBe(401);
  });

  test("an admin key in the query is refused", async () => {
    expect((await fakeHttp(ADMIN).get("/policy?admin_key=x", { "x-api-key": "first-key" })).status).toBe(400);
  });
});

describe("size and type", () => {
  const post = (
    http: ReturnType<typeof fakeHttp>,
    body: string | ReadableStream,
    headers: Record<string, string>,
  ) => http.app.request("/event", { method: "POST", body, headers });

  test.each(["abc", "-1", "1.5", "1e3", "0x10"])("a Content-Length of %s is 400", async (length) => {
    const response = await post(fakeHttp(), "{}", { ...JSON_HEADERS, "Content-Length": length });
    expect(await answerOf(response)).toMatchObject({
      status: 400,
      body: { error_code: "invalid_content_length" },
    });
  });

  test("a declared length over the limit is 413 before the body is read", async () => {
    const http = fakeHttp({ http: { maxBodyBytes: 1000 } });
    const response = await post(http, "{}", { ...JSON_HEADERS, "Content-Length": "1001" });
    expect(await answerOf(response)).toMatchObject({
      status: 413,
      body: { error_code: "payload_too_large" },
    });
  });

  test("a stream is cut off where it passes the limit", async () => {
    const http = fakeHttp({ http: { maxBodyBytes: 1000 } });
    let pulled = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(400));
      },
    });
    const response = await post(http, endless, JSON_HEADERS);
    expect(response.status).toBe(413);
    expect(pulled).toBeLessThan(10);
  });

  test("a body of exactly the limit is read", async () => {
    const text = JSON.stringify(aDirectBody());
    const http = fakeHttp({ http: { maxBodyBytes: text.length } });
    const declared = { ...JSON_HEADERS, "Content-Length": String(text.length) };
    expect((await post(http, text, JSON_HEADERS)).status).toBe(200);
    expect((await post(http, text, declared)).status).toBe(200);
    expect((await post(http, `${text} `, JSON_HEADERS)).status).toBe(413);
  });

  test.each([
    "application/json",
    "application/json; charset=utf-8",
    "Application/JSON;charset=UTF8",
    "application/vnd.reco.v1+json",
  ])("takes %s", async (type) => {
    const response = await post(fakeHttp(), JSON.stringify(aDirectBody()), { "Content-Type": type });
    expect(response.status).toBe(200);
  });

  test.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/jsonp",
    "application/json; charset=latin1",
    "",
  ])("refuses %p", async (type) => {
    const response = await post(fakeHttp(), JSON.stringify(aDirectBody()), { "Content-Type": type });
    expect(await answerOf(response)).toMatchObject({
      status: 415,
      body: { error_code: "unsupported_media_type" },
    });
  });

  test("refuses an encoded body", async () => {
    const headers = { ...JSON_HEADERS, "Content-Encoding": "gzip" };
    expect((await post(fakeHttp(), JSON.stringify(aDirectBody()), headers)).status).toBe(415);
  });
});

describe("draining", () => {
  test("refuses work with 503 and lets health and metrics through", async () => {
    const http = fakeHttp();
    http.health = { ...http.health, draining: true };
    const refused = await http.get(RECO);
    expect(refused.headers.has("Retry-After")).toBe(true);
    expect((await bodyOf(refused)).error_code).toBe("service_shutting_down");
    expect(http.asked).toEqual([]);
    const statuses = await Promise.all(["/healthz", "/livez", "/metrics"].map((path) => http.get(path)));
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 200]);
  });
});

describe("deadline", () => {
  test("that is spent on arrival touches no store", async () => {
    const http = fakeHttp();
    const headers = { "X-Request-Timeout-Ms": "4" };
    const answers = [
      await http.get(RECO, headers),
      await http.post("/event", aDirectBody(), headers),
      await http.get("/analytics/baseline", headers),
    ];
    expect(await Promise.all(answers.map(async (answer) => (await bodyOf(answer)).error_code))).toEqual(
      Array(3).fill("deadline_exceeded"),
    );
    expect([http.asked, http.plans, http.days, http.impressions]).toEqual([[], [], [], []]);
  });

  test("may be lowered by the client and never raised", async () => {
    const http = fakeHttp();
    const deadlines = await Promise.all(
      ["100", "30000"].map(async (timeout) => {
        const response = await http.get(`${RECO}&details=1`, { "X-Request-Timeout-Ms": timeout });
        return (await bodyOf(response)).details;
      }),
    );
    expect(deadlines).toEqual([
      expect.objectContaining({ deadline_ms: 100 }),
      expect.objectContaining({ deadline_ms: 250 }),
    ]);
  });

  test("cuts off a body that does not come, before the store", async () => {
    const http = fakeHttp();
    const silent = new ReadableStream({ pull: () => new Promise(() => {}) });
    const pending = http.app.request("/event", { method: "POST", body: silent, headers: JSON_HEADERS });
    await http.clock.advance(2_000);
    expect(await answerOf(await pending)).toMatchObject({
      status: 504,
      body: { error_code: "deadline_exceeded" },
    });
    expect(http.plans).toEqual([]);
  });

  test("is not blamed for a client that went away", async () => {
    const http = fakeHttp();
    const client = new AbortController();
    const broken = new ReadableStream({
      pull(controller) {
        client.abort();
        controller.error(new Error("connection reset"));
      },
    });
    const { signal } = client;
    const request = { method: "POST", body: broken, headers: JSON_HEADERS, signal };
    const response = await http.app.request("/event", request);
    expect(response.status).toBe(499);
    expect(http.metric("reco_client_aborted_total", { class: "ingest" })).toBe(1);
    expect(http.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("that runs out while the body comes leaves the store alone", async () => {
    const http = fakeHttp();
    const late = new ReadableStream({
      async pull(controller) {
        await http.clock.advance(1_996);
        controller.enqueue(Buffer.from(JSON.stringify(aDirectBody())));
        controller.close();
      },
    });
    const response = await http.app.request("/event", { method: "POST", body: late, headers: JSON_HEADERS });
    expect([response.status, http.plans]).toEqual([504, []]);
  });

  test("does not concern health routes", async () => {
    expect((await fakeHttp().get("/livez", { "X-Request-Timeout-Ms": "nonsense" })).status).toBe(200);
  });
});

describe("admission", () => {
  const BATCH = { events: [aWatchBody()] };
  const { batch: LIMIT } = ADMISSION_LIMITS;

  test("refuses calls beyond the class's limit and takes them again afterwards", async () => {
    const http = fakeHttp();
    const { promise, resolve } = Promise.withResolvers<void>();
    http.store = () => promise;
    const running = Array.from({ length: LIMIT }, () => http.post("/log/batch", BATCH));
    const refused = await http.post("/log/batch", BATCH);
    expect(refused.headers.has("Retry-After")).toBe(true);
    expect(await answerOf(refused)).toMatchObject({ status: 503, body: { error_code: "overloaded" } });
    expect(http.metric("reco_shed_total", { class: "batch" })).toBe(1);
    resolve();
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual(Array(LIMIT).fill(200));
    expect((await http.post("/log/batch", BATCH)).status).toBe(200);
  });

  test("gives places back after errors, refusals and throws", async () => {
    const http = fakeHttp();
    http.store = () => Promise.reject(new Error("bug"));
    for (let round = 0; round < LIMIT; round++) {
      await http.post("/log/batch", BATCH);
      await http.post("/log/batch", {});
      await http.post("/log/batch", BATCH, { "Content-Type": "text/plain" });
    }
    http.store = async () => {};
    expect((await http.post("/log/batch", BATCH)).status).toBe(200);
  });

  test("sheds when the event loop lags more than a fifth of the deadline, but no health route", async () => {
    const http = fakeHttp();
    http.health = { ...http.health, eventLoopLagMs: 51 };
    const statuses = [
      await http.get(RECO),
      await http.post("/event", aDirectBody()),
      await http.get("/livez"),
    ];
    expect(statuses.map(({ status }) => status)).toEqual([503, 200, 200]);
    expect(http.metric("reco_shed_total", { class: "serve" })).toBe(1);
  });

  test("F20: sheds batches first when the outbox is past its high-water mark", async () => {
    const http = fakeHttp({ outbox: { highWater: 10 } });
    const outbox = { pending: 9, publishing: 2, published: 0, dead: 0, oldestLagMs: 0 };
    http.health = { ...http.health, outbox };
    const statuses = [await http.post("/log/batch", BATCH), await http.post("/log/watch", aWatchBody())];
    expect(statuses.map(({ status }) => status)).toEqual([503, 200]);
  });

  test("shows its limits as metrics", () => {
    expect(fakeHttp().metric("reco_admission_limit", { class: "serve" })).toBe(256);
  });
});

describe("the order of gates", () => {
  test("is route, access, size, draining, deadline, body", async () => {
    const http = fakeHttp({ http: { ...KEYED.http, maxBodyBytes: 10 } });
    const ask = async (path: string, headers: Record<string, string>) => {
      const response = await http.app.request(path, { method: "POST", body: "{}", headers });
      return (await bodyOf(response)).error_code;
    };
    const wrongEverywhere = {
      "X-Request-Timeout-Ms": "1",
      "Content-Length": "11",
      "Content-Type": "text/plain",
    };
    http.health = { ...http.health, draining: true };
    expect(await ask("/nowhere", wrongEverywhere)).toBe("not_found");
    expect(await ask("/event", wrongEverywhere)).toBe("unauthorized");
    const keyed = { ...wrongEverywhere, "x-api-key": "first-key" };
    expect(await ask("/event", keyed)).toBe("payload_too_large");
    const small = { ...keyed, "Content-Length": "2" };
    expect(await ask("/event", small)).toBe("service_shutting_down");
    http.health = { ...http.health, draining: false, eventLoopLagMs: 9_999 };
    expect(await ask("/event", small)).toBe("deadline_exceeded");
    const patient = { ...small, "X-Request-Timeout-Ms": "1000" };
    expect(await ask("/event", patient)).toBe("overloaded");
    http.health = { ...http.health, eventLoopLagMs: 0 };
    expect(await ask("/event", patient)).toBe("unsupported_media_type");
  });
});
