import { describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import { StoreUnavailableError } from "../../src/core/errors.ts";
import { listRoutes } from "../../src/http/app.ts";
import type { Degraded } from "../../src/recommend/catalogue/request.ts";
import { answerOf } from "../support/answers.ts";
import { aDirectBody, anImpressionBody, aWatchBody } from "../support/events.ts";
import { anAnswer, fakeHttp, NOW_MS } from "../support/fakes/http-services.ts";
import { answerChecker, brokenRefs, type OpenApiDocument } from "../support/openapi.ts";
import { aSlate, someFeatures, written } from "../support/slates.ts";

type Http = ReturnType<typeof fakeHttp>;

async function documentOf(http: Http): Promise<OpenApiDocument> {
  return (await (await http.get("/openapi.json")).json()) as OpenApiDocument;
}

/** A path as the document writes it. */
const braced = (path: string) => path.replaceAll(/:(\w+)/g, "{$1}");

/** Method and path of every route, with its class and scope. */
const INVENTORY = [
  "DELETE /catalog/items/{item_id} C catalog:write",
  "DELETE /users/{user_id}/hidden-items/{item_id} C catalog:write",
  "GET / P null",
  "GET /analytics/baseline C analytics:read",
  "GET /catalog/items C catalog:read",
  "GET /catalog/items/{item_id} C catalog:read",
  "GET /contract C analytics:read",
  "GET /docs P null",
  "GET /docs/init.js P null",
  "GET /docs/swagger-ui-bundle.js P null",
  "GET /docs/swagger-ui.css P null",
  "GET /health P null",
  "GET /healthz P null",
  "GET /hot/trending C recs:read",
  "GET /livez P null",
  "GET /metrics P null",
  "GET /metrics/prometheus P null",
  "GET /metrics/reco C analytics:read",
  "GET /models C analytics:read",
  "GET /models/shadow/report C analytics:read",
  "GET /openapi.json P null",
  "GET /policy C analytics:read",
  "GET /policy/runs C analytics:read",
  "GET /ready P null",
  "GET /readyz P null",
  "GET /reco C recs:read",
  "GET /recommend C recs:read",
  "GET /recommend/detail/{dataset_id} C recs:read",
  "GET /similar/{dataset_id} C recs:read",
  "GET /slates/{request_id} C explain:read",
  "GET /slates/{request_id}/explain C explain:read",
  "GET /slates/{request_id}/why-not/{item_id} C explain:read",
  "GET /startupz P null",
  "GET /users/{user_id} C catalog:read",
  "POST /catalog/items C catalog:write",
  "POST /event C events:write",
  "POST /log/batch C events:write",
  "POST /log/impression C events:write",
  "POST /log/watch C events:write",
  "POST /models/reload A models:admin",
  "POST /policy/promote A models:admin",
  "POST /policy/rollback A models:admin",
  "POST /recommend C recs:read",
  "POST /slates/{request_id}/replay C explain:read",
  "POST /users/merge C catalog:write",
  "POST /users/{user_id}/hidden-items C catalog:write",
  "PUT /catalog/items/{item_id} C catalog:write",
  "PUT /users/{user_id} C catalog:write",
];

describe("the inventory of routes", () => {
  test("is the one of the specification", () => {
    const http = fakeHttp();
    const routes = listRoutes(http.services, http.slates);
    expect(
      routes.map(({ method, path, auth, scope }) => `${method} ${braced(path)} ${auth} ${scope}`).sort(),
    ).toEqual(INVENTORY);
  });

  test("stands in the document whole, with class and scope", async () => {
    const { paths } = await documentOf(fakeHttp());
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, operation]) =>
          `${method.toUpperCase()} ${path} ${operation["x-auth"]} ${operation["x-scope"] ?? null}`,
      ),
    );
    expect(documented.sort()).toEqual(INVENTORY);
  });

  test("gives every core route a scope and an admission class", () => {
    const http = fakeHttp();
    const core = listRoutes(http.services, http.slates).filter(({ auth }) => auth === "C");
    expect(core.filter(({ scope, admission }) => scope === null || admission === null)).toEqual([]);
  });
});

describe("the document", () => {
  test("is OpenAPI 3.1 with the configured title and a version", async () => {
    const document = await documentOf(fakeHttp({ http: { apiTitle: "My Reco" } }));
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.info.title).toBe("My Reco");
    expect(document.info.version).toMatch(/^\d+\.\d+\.\d+/);
  });

  test("has no reference that leads nowhere and a summary everywhere", async () => {
    const document = await documentOf(fakeHttp());
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    expect(brokenRefs(document)).toEqual([]);
    expect(operations.filter(({ summary }) => !summary)).toEqual([]);
  });

  test("names every parameter of GET /reco", async () => {
    const { paths } = await documentOf(fakeHttp());
    const names = paths["/reco"]?.["get"]?.parameters.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["user_id", "session_id", "k", "exclude", "surface", "details", "cursor"]),
    );
  });

  test("states the batch limit in force", async () => {
    const document = await documentOf(fakeHttp({ ingest: { maxBatchSize: 7 } }));
    expect(JSON.stringify(document.components["schemas"]?.["EventBatch"])).toContain('"maxItems":7');
  });
});

const RECO = "/reco?user_id=u-1&session_id=s-1";

function failing(http: Http, error: Error): Http {
  http.store = () => Promise.reject(error);
  return http;
}
const down = (http: Http) => failing(http, new StoreUnavailableError("connect", "away"));

const ITEM = "/catalog/items/{item_id}";
const USER = "/users/{user_id}";
const HIDDEN = `${USER}/hidden-items`;
const stored = (http: Http) => http.post("/catalog/items", { items: [{ item_id: "i-1", title: "One" }] });
const SIMILAR = "/similar/{dataset_id}";
const DETAIL = "/recommend/detail/{dataset_id}";
function nothingBeside(http: Http, degraded: Degraded | null): Http {
  http.besideAnswer = { ...http.besideAnswer, items: [], degraded };
  return http;
}
const RUN = "20260101_000000";
const promoted = (http: Http, run_id = RUN) => http.post("/policy/promote", { run_id });
const twice = (http: Http) =>
  promoted(http, "20260102_000000").then(() => http.post("/policy/rollback", { slot: "default" }));
const far = (http: Http) => Object.assign(http, { peer: "203.0.113.7" });
const unsound = (http: Http) => {
  http.models.evidence.set(RUN, { policy: null, artifactSha256: null });
  return http;
};
const SLATE = "/slates/{request_id}";
const WHY_NOT = `${SLATE}/why-not/{item_id}`;
/** With a slate that has features, and one that has none. */
async function withSlates(http: Http): Promise<Http> {
  const features = [{ id: "f-1", servedAtMs: NOW_MS, features: someFeatures() }];
  const slate = aSlate({ servedAtMs: NOW_MS, featuresId: "f-1" });
  const lost = aSlate({ servedAtMs: NOW_MS, requestId: "request-2" });
  await http.slateStore.store(written({ slates: [slate, lost], features }), Deadline.after(1_000));
  return http;
}
const slated = async (http: Http, path: string) => (await withSlates(http)).get(`/slates/${path}`);
const replayed = async (http: Http, path: string, body: object = {}) =>
  (await withSlates(http)).post(`/slates/${path}/replay`, body);
const merging = (from: string) => ({ from_user_id: from, to_user_id: "u-1" });

/** Real calls: method, path, and what to send; their answers must be as documented. */
const CALLS: readonly (readonly [string, string, (http: Http) => Promise<Response>])[] = [
  ["get", "/reco", (http) => http.get(RECO)],
  ["get", "/reco", (http) => http.get(`${RECO}&details=1`)],
  ["get", "/reco", (http) => http.get("/reco")],
  ["get", "/reco", (http) => http.get(`${RECO}&api_key=x`)],
  ["get", "/reco", (http) => http.get(RECO, { "X-Request-Timeout-Ms": "1" })],
  [
    "get",
    "/reco",
    (http) => {
      http.answer = anAnswer(0, { degraded: "empty:empty", strategy: "fallback:empty" });
      return http.get(`${RECO}&details=1`);
    },
  ],
  ["get", "/recommend", (http) => http.get("/recommend?user_id=u-1")],
  ["get", "/recommend", (http) => http.get("/recommend")],
  ["post", "/recommend", (http) => http.post("/recommend", { users: [{ user_id: "u" }], details: true })],
  ["post", "/recommend", (http) => http.post("/recommend", {})],
  ["get", SIMILAR, (http) => http.get("/similar/i-1")],
  ["get", SIMILAR, (http) => http.get("/similar/i-1?limit=0")],
  ["get", SIMILAR, (http) => nothingBeside(http, null).get("/similar/i-1")],
  ["get", SIMILAR, (http) => nothingBeside(http, "timeout:no_fallback").get("/similar/i-1")],
  ["get", DETAIL, (http) => http.get("/recommend/detail/i-1?user_id=u&source=home")],
  ["get", DETAIL, (http) => http.get("/recommend/detail/i-1?user_id=")],
  ["get", "/hot/trending", (http) => http.get("/hot/trending?timeframe=24h")],
  ["get", "/hot/trending", (http) => http.get("/hot/trending?timeframe=1y")],
  ["post", "/event", (http) => http.post("/event", aDirectBody())],
  ["post", "/event", (http) => http.post("/event", {})],
  ["post", "/event", (http) => http.post("/event", {}, { "Content-Type": "text/plain" })],
  ["post", "/event", (http) => http.post("/event", {}, { "Content-Length": "x" })],
  ["post", "/event", (http) => down(http).post("/event", aDirectBody())],
  ["post", "/event", (http) => failing(http, new Error("bug")).post("/event", aDirectBody())],
  ["post", "/log/impression", (http) => http.post("/log/impression", anImpressionBody())],
  ["post", "/log/impression", (http) => http.post("/log/impression", [])],
  ["post", "/log/watch", (http) => http.post("/log/watch", aWatchBody())],
  ["post", "/log/watch", (http) => down(http).post("/log/watch", aWatchBody())],
  ["post", "/log/batch", (http) => http.post("/log/batch", { events: [aWatchBody()] })],
  ["post", "/log/batch", (http) => http.post("/log/batch", { events: [1] })],
  ["put", ITEM, (http) => http.send("PUT", "/catalog/items/i-1", { title: "One" })],
  ["put", ITEM, (http) => http.send("PUT", "/catalog/items/i-1", { price: -1 })],
  ["put", ITEM, (http) => down(http).send("PUT", "/catalog/items/i-1", {})],
  ["get", ITEM, (http) => stored(http).then(() => http.get("/catalog/items/i-1"))],
  ["get", ITEM, (http) => http.get("/catalog/items/none")],
  ["delete", ITEM, (http) => stored(http).then(() => http.send("DELETE", "/catalog/items/i-1"))],
  ["delete", ITEM, (http) => http.send("DELETE", "/catalog/items/none")],
  ["delete", ITEM, (http) => http.send("DELETE", "/catalog/items/%ff")],
  ["get", "/catalog/items", (http) => stored(http).then(() => http.get("/catalog/items"))],
  ["get", "/catalog/items", (http) => http.get("/catalog/items?limit=0")],
  ["post", "/catalog/items", (http) => stored(http)],
  ["post", "/catalog/items", (http) => http.post("/catalog/items", { items: [] })],
  ["put", USER, (http) => http.send("PUT", "/users/u-1", { email: "a@example.org" })],
  ["put", USER, (http) => http.send("PUT", "/users/u-1", { email: "a" })],
  ["get", USER, (http) => http.send("PUT", "/users/u-1", {}).then(() => http.get("/users/u-1"))],
  ["get", USER, (http) => http.get("/users/none")],
  ["post", "/users/merge", (http) => http.post("/users/merge", merging("session:1"))],
  ["post", "/users/merge", (http) => http.post("/users/merge", merging("busy-bot"))],
  ["post", "/users/merge", (http) => http.post("/users/merge", merging("u-1"))],
  ["post", HIDDEN, (http) => http.post("/users/u-1/hidden-items", { item_id: "i-1" })],
  ["post", HIDDEN, (http) => http.post("/users/u-1/hidden-items", {})],
  ["delete", `${HIDDEN}/{item_id}`, (http) => http.send("DELETE", "/users/u-1/hidden-items/i-1")],
  ["delete", `${HIDDEN}/{item_id}`, (http) => down(http).send("DELETE", "/users/u-1/hidden-items/i-1")],
  ["get", "/models", (http) => http.get("/models")],
  ["get", "/models/shadow/report", (http) => http.get("/models/shadow/report")],
  ["get", "/policy", (http) => promoted(http).then(() => http.get("/policy"))],
  ["get", "/policy", (http) => http.get("/policy")],
  ["get", "/policy/runs", (http) => http.get("/policy/runs?limit=1")],
  ["get", "/policy/runs", (http) => http.get("/policy/runs?limit=0")],
  ["post", "/policy/promote", (http) => promoted(http)],
  ["post", "/policy/promote", (http) => http.post("/policy/promote", { run_id: "none" })],
  ["post", "/policy/promote", (http) => http.post("/policy/promote", { run_id: "x", slot: "red" })],
  ["post", "/policy/promote", (http) => far(http).post("/policy/promote", {})],
  ["post", "/policy/rollback", (http) => http.post("/policy/rollback", {})],
  ["post", "/policy/rollback", (http) => promoted(http).then(() => twice(http))],
  ["post", "/models/reload", (http) => http.post("/models/reload", { mode: "shadow", rollout: 7 })],
  ["post", "/models/reload", (http) => http.post("/models/reload", {})],
  ["post", "/models/reload", (http) => http.post("/models/reload", { mode: "both" })],
  ["post", "/models/reload", (http) => http.post("/models/reload", { source: "/etc/passwd" })],
  ["post", "/models/reload", (http) => http.post("/models/reload", { rollout: 0.5 })],
  ["post", "/models/reload", (http) => unsound(http).post("/models/reload", { run_id: RUN })],
  ["get", SLATE, (http) => slated(http, "request-1")],
  ["get", SLATE, (http) => slated(http, "none")],
  ["get", SLATE, (http) => down(http).get("/slates/request-1")],
  ["get", `${SLATE}/explain`, (http) => slated(http, "request-1/explain")],
  ["get", `${SLATE}/explain`, (http) => slated(http, "request-2/explain")],
  ["get", `${SLATE}/explain`, (http) => slated(http, "none/explain")],
  ...["b", "e{,}", "h", "y", "c", "nowhere", "%ff"].map(
    (item) => ["get", WHY_NOT, (http: Http) => slated(http, `request-1/why-not/${item}`)] as const,
  ),
  ["get", WHY_NOT, (http) => slated(http, "request-2/why-not/c")],
  ["post", `${SLATE}/replay`, (http) => replayed(http, "request-1")],
  ["post", `${SLATE}/replay`, (http) => replayed(http, "request-2")],
  ["post", `${SLATE}/replay`, (http) => replayed(http, "none")],
  ["post", `${SLATE}/replay`, (http) => replayed(http, "request-1", { policy: 7 })],
  ["get", "/contract", (http) => http.get("/contract")],
  ["get", "/contract", (http) => http.get("/contract", { "X-Request-Timeout-Ms": "x" })],
  ["get", "/metrics/reco", (http) => http.get("/metrics/reco")],
  ["get", "/analytics/baseline", (http) => http.get("/analytics/baseline")],
  ["get", "/analytics/baseline", (http) => down(http).get("/analytics/baseline")],
  ["get", "/healthz", (http) => http.get("/healthz")],
  ["get", "/readyz", (http) => http.get("/readyz?capability=serve")],
  ["get", "/readyz", (http) => http.get("/readyz?capability=x")],
  ["get", "/livez", (http) => http.get("/livez")],
  ["get", "/startupz", (http) => http.get("/startupz")],
  ["get", "/health", (http) => http.get("/health")],
  ["get", "/ready", (http) => http.get("/ready")],
  ["get", "/metrics", (http) => http.get("/metrics")],
  ["get", "/metrics/prometheus", (http) => http.get("/metrics/prometheus")],
  ["get", "/", (http) => http.get("/")],
  ["get", "/docs", (http) => http.get("/docs")],
  ["get", "/docs/init.js", (http) => http.get("/docs/init.js")],
  ["get", "/docs/swagger-ui.css", (http) => http.get("/docs/swagger-ui.css")],
  ["get", "/docs/swagger-ui-bundle.js", (http) => http.get("/docs/swagger-ui-bundle.js")],
  ["get", "/openapi.json", (http) => http.get("/openapi.json")],
];

const NOT_READY = ["/readyz", "/livez", "/startupz", "/ready", "/health", "/healthz"];

describe("answers", () => {
  test("are as documented", async () => {
    const check = answerChecker(await documentOf(fakeHttp()));
    for (const [method, path, ask] of CALLS)
      expect([path, await check(method, path, await ask(fakeHttp()))]).toEqual([path, []]);
  });

  test("are as documented when nothing is ready", async () => {
    const http = fakeHttp({ metrics: { enabled: false } });
    const check = answerChecker(await documentOf(http));
    const outbox = { error: "late" };
    const eventLoopLagMs = 20_000;
    http.health = { ...http.health, db: false, started: false, draining: true, outbox, eventLoopLagMs };
    for (const path of [...NOT_READY, "/metrics", "/contract"]) {
      expect([path, await check("get", path, await http.get(path))]).toEqual([path, []]);
    }
  });

  test("are as documented when a key or a flag is missing", async () => {
    const http = fakeHttp({ http: { authMode: "keyed", apiKeys: ["k"], docsEnabled: false } });
    const check = answerChecker(await documentOf(fakeHttp()));
    for (const path of ["/reco", "/contract", "/", "/docs", "/openapi.json"]) {
      expect([path, await check("get", path, await http.get(path))]).toEqual([path, []]);
    }
  });

  test("that break the document are caught", async () => {
    const check = answerChecker(await documentOf(fakeHttp()));
    const wrong = new Response('{"request_id":1}', { headers: { "Content-Type": "application/json" } });
    expect(await check("get", "/reco", wrong)).not.toEqual([]);
    expect(await check("get", "/reco", new Response("", { status: 418 }))).not.toEqual([]);
  });

  test("cover every route", () => {
    const called = new Set(CALLS.map(([method, path]) => `${method.toUpperCase()} ${path}`));
    expect(INVENTORY.filter((line) => !called.has(line.split(" ").slice(0, 2).join(" ")))).toEqual([]);
  });
});

describe("the documentation pages", () => {
  test.each(["/", "/docs"])("%s may load its own files alone", async (path) => {
    const response = await fakeHttp().get(path);
    expect(response.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("Content-Security-Policy")).toBe(
      "default-src 'self'; frame-ancestors 'none'",
    );
  });

  test("load nothing from elsewhere and hold no script of their own", async () => {
    const page = await (await fakeHttp().get("/docs")).text();
    expect(page).not.toMatch(/https?:|<script>|style=|onload=/);
  });

  test("find every file that they name", async () => {
    const http = fakeHttp();
    const page = await (await http.get("/docs")).text();
    const files = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => String(path));
    const statuses = await Promise.all(files.map(async (path) => (await http.get(path)).status));
    expect(statuses).toEqual([200, 200, 200]);
  });

  test("show the title as text", async () => {
    const page = await (await fakeHttp({ http: { apiTitle: "<b>&co" } }).get("/")).text();
    expect(page).not.toContain("<b>&co");
  });

  test.each(["/", "/docs", "/docs/init.js", "/openapi.json"])("%s can be switched off", async (path) => {
    const http = fakeHttp({ http: { docsEnabled: false } });
    expect(await answerOf(await http.get(path))).toMatchObject({
      status: 403,
      body: { error_code: "feature_disabled" },
    });
  });
});
