import { describe, expect, test } from "bun:test";
import { answerOf, bodyOf } from "../support/answers.ts";
import { aDirectBody } from "../support/events.ts";
import { fakeHttp } from "../support/fakes/http-services.ts";

const RECO = "/reco?user_id=u-1&session_id=s-1";
const EVERYWHERE = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
  "Permissions-Policy": "geolocation=(), microphone=(), camera=()",
  "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
};

type Http = ReturnType<typeof fakeHttp>;

/** One way to get each status that reco makes. */
const STATUSES: readonly (readonly [number, (http: Http) => Promise<Response> | Response])[] = [
  [200, (http) => http.get(RECO)],
  [204, (http) => http.app.request("/reco", { method: "OPTIONS" })],
  [400, (http) => http.get(`${RECO}&api_key=x`)],
  [404, (http) => http.get("/nowhere")],
  [405, (http) => http.post("/reco", {})],
  [413, (http) => http.post("/event", { user_id: "a".repeat(5000) })],
  [415, (http) => http.post("/event", {}, { "Content-Type": "text/plain" })],
  [422, (http) => http.post("/event", {})],
  [500, (http) => broken(http).post("/event", aDirectBody())],
  [503, (http) => draining(http).get(RECO)],
  [504, (http) => http.get(RECO, { "X-Request-Timeout-Ms": "1" })],
];

function draining(http: Http): Http {
  http.health = { ...http.health, draining: true };
  return http;
}

function broken(http: Http): Http {
  http.store = () => Promise.reject(new Error("bug"));
  return http;
}

describe("every answer", () => {
  test.each(STATUSES)("of status %d carries ids and protective headers", async (status, ask) => {
    const response = await ask(fakeHttp({ http: { maxBodyBytes: 4096 } }));
    expect(response.status).toBe(status);
    expect(response.headers.get("X-Request-ID")).toMatch(/^req_[0-9a-f]{32}$/);
    expect(response.headers.get("X-Correlation-ID")).toBe(response.headers.get("X-Request-ID"));
    expect(response.headers.get("X-Response-Time")).toMatch(/^\d+\.\d{4}$/);
    expect(response.headers.get("Content-Security-Policy")).toBe(
      "default-src 'none'; frame-ancestors 'none'",
    );
    for (const [name, value] of Object.entries(EVERYWHERE)) expect(response.headers.get(name)).toBe(value);
  });

  test.each(STATUSES.filter(([status]) => status >= 400))("of status %d has the envelope", async (_, ask) => {
    const response = await ask(fakeHttp({ http: { maxBodyBytes: 4096 } }));
    const body = await bodyOf(response);
    expect(Object.keys(body).sort()).toEqual(
      ["detail", "error", "error_code", "message", "request_id", "trace_id"].sort(),
    );
    expect(body.error).toBe(body.message ?? "");
    expect([body.request_id, body.trace_id]).toEqual(Array(2).fill(response.headers.get("X-Request-ID")));
  });

  test.each(STATUSES)("of status %d is counted and gets one request line", async (status, ask) => {
    const http = fakeHttp({ http: { maxBodyBytes: 4096 } });
    const response = await ask(http);
    const lines = http.lines.filter(({ event }) => event === "request.completed");
    expect(lines).toHaveLength(1);
    expect(lines[0]?.level).toBe(status >= 500 ? "error" : status >= 400 ? "warn" : "info");
    expect(lines[0]?.fields).toMatchObject({
      event: "http_request",
      status,
      status_code: status,
      trace_id: response.headers.get("X-Request-ID"),
    });
    const { method, path } = lines[0]?.fields ?? {};
    const labels = { path: String(path), method: String(method), status: String(status) };
    expect(http.metric("ds_api_requests_total", labels)).toBe(1);
  });
});

describe("ids", () => {
  test("of the client are used, trimmed", async () => {
    const response = await fakeHttp().get("/livez", {
      "X-Request-ID": "  request:1.a_b-c  ",
      "X-Correlation-ID": "journey-0001",
    });
    expect(response.headers.get("X-Request-ID")).toBe("request:1.a_b-c");
    expect(response.headers.get("X-Correlation-ID")).toBe("journey-0001");
  });

  test("longer than 128 characters are cut", async () => {
    const response = await fakeHttp().get("/livez", { "X-Request-ID": "a".repeat(200) });
    expect(response.headers.get("X-Request-ID")).toBe("a".repeat(128));
  });

  test.each(["short", "has space in it", "semi;colon;id", "ünïcödé-id"])(
    "such as %s are ignored",
    async (id) => {
      const response = await fakeHttp().get("/livez", { "X-Request-ID": Buffer.from(id).toString("latin1") });
      expect(response.headers.get("X-Request-ID")).toMatch(/^req_/);
    },
  );
});

describe("methods and paths", () => {
  test("a wrong method is 405 with the allowed ones", async () => {
    const response = await fakeHttp().app.request("/reco", { method: "DELETE" });
    expect(response.headers.get("Allow")).toBe("GET, HEAD, OPTIONS");
    expect(await answerOf(response)).toMatchObject({
      status: 405,
      body: { detail: "Method Not Allowed", error_code: "method_not_allowed" },
    });
  });

  test("GET and HEAD on a POST route are 405", async () => {
    const http = fakeHttp();
    const answers = await Promise.all(
      ["GET", "HEAD"].map((method) => http.app.request("/event", { method })),
    );
    expect(answers.map(({ status, headers }) => [status, headers.get("Allow")])).toEqual([
      [405, "POST, OPTIONS"],
      [405, "POST, OPTIONS"],
    ]);
  });

  test("no header overrides the method", async () => {
    const http = fakeHttp();
    const response = await http.post("/reco", {}, { "X-HTTP-Method-Override": "GET" });
    expect(response.status).toBe(405);
  });

  test.each(["/nowhere", "/reco/", "/RECO", "//reco", "/docs/secret.js"])("%s is 404", async (path) => {
    const response = await fakeHttp().app.request(`http://localhost${path}`);
    expect(await answerOf(response)).toMatchObject({
      status: 404,
      body: { detail: "Not Found", error: "Endpoint not found", error_code: "not_found" },
    });
  });

  test("percent-encoding of a path is decoded once", async () => {
    const http = fakeHttp();
    const statuses = await Promise.all(["/livez", "/live%7A", "/live%257A"].map((path) => http.get(path)));
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 404]);
  });

  test.each(["/", "/docs", "/openapi.json", "/contract", "/livez", "/metrics", RECO])(
    "HEAD %s answers like GET, without the body",
    async (path) => {
      const http = fakeHttp();
      const get = await http.get(path);
      const head = await http.app.request(path, { method: "HEAD" });
      expect([head.status, head.headers.get("Content-Type"), await head.text()]).toEqual([
        200,
        get.headers.get("Content-Type"),
        "",
      ]);
      expect(head.headers.get("Content-Length")).toBe(String((await get.bytes()).length));
    },
  );

  test("HEAD tells a refusal as GET does", async () => {
    const response = await draining(fakeHttp()).app.request(RECO, { method: "HEAD" });
    expect([response.status, response.headers.has("Retry-After")]).toEqual([503, true]);
  });

  test("OPTIONS skips every gate", async () => {
    const http = draining(fakeHttp({ http: { authMode: "keyed", apiKeys: ["secret"] } }));
    const response = await http.app.request("/event", { method: "OPTIONS" });
    expect([response.status, response.headers.get("Allow"), await response.text()]).toEqual([
      204,
      "POST, OPTIONS",
      "",
    ]);
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test("OPTIONS of an unknown path is 404", async () => {
    expect((await fakeHttp().app.request("/nowhere", { method: "OPTIONS" })).status).toBe(404);
  });
});

describe("the request line", () => {
  test("names the user as configured, the template and the raw path, never the query", async () => {
    const http = fakeHttp({ log: { userIds: "hash", ip: "prefix" } });
    await http.app.request(`http://localhost/%72eco?user_id=canary-user&session_id=s`, undefined, {
      peerAddress: () => "203.0.113.77",
    });
    expect(http.lines[0]?.fields).toMatchObject({
      path: "/reco",
      raw_path: "/%72eco",
      ip: "203.0.113.0/24",
      user_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(JSON.stringify(http.lines)).not.toContain("canary-user");
  });

  test("of an unknown path is counted without a label of its own", async () => {
    const http = fakeHttp();
    await http.get("/wp-admin/1");
    await http.get("/wp-admin/2");
    expect(http.metric("ds_api_requests_total", { path: "unmatched", method: "GET", status: "404" })).toBe(2);
  });
});
