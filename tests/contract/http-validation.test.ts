import { describe, expect, test } from "bun:test";
import { bodyOf } from "../support/answers.ts";
import { aDirectBody, anImpressionBody, aWatchBody, type Body } from "../support/events.ts";
import { fakeHttp, NOW_MS } from "../support/fakes/http-services.ts";

type Place = readonly (string | number)[];

/** The issues of a 422, as `[type, loc]`. */
async function issuesOf(response: Response): Promise<[string, Place][]> {
  expect(response.status).toBe(422);
  const body = await bodyOf(response);
  expect(body.error_code).toBe("validation_error");
  return (body.detail as { type: string; loc: Place }[]).map(({ type, loc }) => [type, loc]);
}

const item = (overrides: Body = {}) => ({ item_id: "i-1", position: 0, ...overrides });

const BODIES: readonly (readonly [path: string, body: unknown, type: string, loc: Place])[] = [
  ["/event", { ...aDirectBody(), user_id: undefined }, "missing", ["body", "user_id"]],
  ["/event", aDirectBody({ user_id: "" }), "string_too_short", ["body", "user_id"]],
  ["/event", aDirectBody({ user_id: "a".repeat(129) }), "string_too_long", ["body", "user_id"]],
  ["/event", aDirectBody({ user_id: true }), "string_type", ["body", "user_id"]],
  ["/event", aDirectBody({ user_id: "a\u0000" }), "value_error", ["body", "user_id"]],
  ["/event", aDirectBody({ user_id: "e\u0301" }), "value_error", ["body", "user_id"]],
  ["/event", aDirectBody({ event_id: "short" }), "string_too_short", ["body", "event_id"]],
  ["/event", aDirectBody({ event_type: "like" }), "literal_error", ["body", "event_type"]],
  ["/event", aDirectBody({ ts: "soon" }), "int_parsing", ["body", "ts"]],
  ["/event", aDirectBody({ ts: 0 }), "greater_than", ["body", "ts"]],
  ["/event", aDirectBody({ ts: NOW_MS + 300_001 }), "value_error", ["body", "ts"]],
  ["/event", aDirectBody({ ts: NOW_MS - 2_592_000_001 }), "value_error", ["body", "ts"]],
  ["/event", aDirectBody({ color: "red" }), "extra_forbidden", ["body", "color"]],
  ["/log/watch", aWatchBody({ watch_time_sec: "long" }), "float_parsing", ["body", "watch_time_sec"]],
  ["/log/watch", aWatchBody({ watch_time_sec: -1 }), "greater_than_equal", ["body", "watch_time_sec"]],
  ["/log/watch", aWatchBody({ percent_watched: 101 }), "less_than_equal", ["body", "percent_watched"]],
  ["/log/watch", aWatchBody({ ended: "maybe" }), "bool_parsing", ["body", "ended"]],
  ["/log/watch", aWatchBody({ context: { mood: "x" } }), "extra_forbidden", ["body", "context", "mood"]],
  ["/log/impression", anImpressionBody({ items: [] }), "too_short", ["body", "items"]],
  [
    "/log/impression",
    anImpressionBody({ items: Array.from({ length: 501 }, (_, position) => item({ position })) }),
    "too_long",
    ["body", "items"],
  ],
  [
    "/log/impression",
    anImpressionBody({ items: [item({ position: -1 })] }),
    "greater_than_equal",
    ["body", "items", 0, "position"],
  ],
  [
    "/log/batch",
    { events: [aWatchBody(), aWatchBody({ event_id: "watch-0002", user_id: "" })] },
    "string_too_short",
    ["body", "events", 1, "user_id"],
  ],
  ["/log/batch", { events: [aWatchBody(), aWatchBody()] }, "value_error", ["body", "events", 1, "event_id"]],
  ["/log/batch", { events: [] }, "too_short", ["body", "events"]],
];

describe("a body that breaks a rule", () => {
  test.each(BODIES)("%s refuses %j with %s", async (path, body, type, loc) => {
    const http = fakeHttp();
    expect(await issuesOf(await http.post(path, body))).toEqual([[type, loc]]);
    expect(http.plans).toEqual([]);
  });

  test.each([
    ["not JSON", "{", "application/json"],
    ["empty", "", "application/json"],
    ["deeper than 16", "[".repeat(17) + "]".repeat(17), "application/json"],
    ["not UTF-8", new Uint8Array([0x22, 0xff, 0x22]), "application/json"],
  ])("that is %s is json_invalid", async (_name, body, type) => {
    const http = fakeHttp();
    const response = await http.app.request("/event", {
      method: "POST",
      body,
      headers: { "Content-Type": type },
    });
    expect(await issuesOf(response)).toEqual([["json_invalid", ["body"]]]);
  });

  test("that carries __proto__ is refused and changes no prototype", async () => {
    const http = fakeHttp();
    const text = JSON.stringify(aDirectBody()).replace("{", '{"__proto__":{"admin":true},');
    const response = await http.app.request("/event", {
      method: "POST",
      body: text,
      headers: { "Content-Type": "application/json" },
    });
    expect(await issuesOf(response)).toEqual([["extra_forbidden", ["body", "__proto__"]]]);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test("that holds a number beyond all finite ones is refused", async () => {
    const http = fakeHttp();
    const text = JSON.stringify(aWatchBody()).replace('"watch_time_sec":60', '"watch_time_sec":1e400');
    const response = await http.app.request("/log/watch", {
      method: "POST",
      body: text,
      headers: { "Content-Type": "application/json" },
    });
    expect(await issuesOf(response)).toEqual([["float_parsing", ["body", "watch_time_sec"]]]);
  });

  test("names the first places in its message and cuts the input", async () => {
    const http = fakeHttp();
    const response = await http.post("/event", aDirectBody({ user_id: "a".repeat(2000) }));
    const body = await bodyOf(response);
    expect(body.message).toBe("Validation failed: body.user_id");
    expect(body.detail).toMatchObject([{ input: "a".repeat(256), ctx: { max_length: 128 } }]);
  });

  test("never echoes a key", async () => {
    const http = fakeHttp();
    const response = await http.post("/event", aDirectBody({ api_key: "very-secret" }));
    expect(await response.text()).not.toContain("very-secret");
  });
});

const QUERIES: readonly (readonly [path: string, type: string, loc: Place])[] = [
  ["/reco?session_id=s", "missing", ["query", "user_id"]],
  ["/reco?user_id=u", "missing", ["query", "session_id"]],
  ["/reco?user_id=&session_id=s", "string_too_short", ["query", "user_id"]],
  [`/reco?user_id=${"a".repeat(129)}&session_id=s`, "string_too_long", ["query", "user_id"]],
  ["/reco?user_id=%ff&session_id=s", "value_error", ["query", "user_id"]],
  ["/reco?user_id=%00&session_id=s", "value_error", ["query", "user_id"]],
  ["/reco?user_id=u&session_id=s&k=0", "greater_than_equal", ["query", "k"]],
  ["/reco?user_id=u&session_id=s&k=201", "less_than_equal", ["query", "k"]],
  ["/reco?user_id=u&session_id=s&k=NaN", "int_parsing", ["query", "k"]],
  ["/reco?user_id=u&session_id=s&k=", "int_parsing", ["query", "k"]],
  ["/reco?user_id=u&session_id=s&k=1.5", "int_parsing", ["query", "k"]],
  ["/reco?user_id=u&session_id=s&k=1000000000", "less_than_equal", ["query", "k"]],
  [
    "/reco?user_id=u&session_id=s&x_autolog_impressions=maybe",
    "bool_parsing",
    ["query", "x_autolog_impressions"],
  ],
  ["/reco?user_id=u&session_id=s&details=2", "bool_parsing", ["query", "details"]],
  ["/reco?user_id=u&session_id=s&surface=", "string_too_short", ["query", "surface"]],
  [`/reco?user_id=u&session_id=s&surface=${"a".repeat(65)}`, "string_too_long", ["query", "surface"]],
  ["/reco?user_id=u&session_id=s&surface=a%20b", "value_error", ["query", "surface"]],
  [
    `/reco?user_id=u&session_id=s&exclude=${Array(501).fill("a").join(",")}`,
    "too_long",
    ["query", "exclude"],
  ],
  [`/reco?user_id=u&session_id=s&exclude=ok,${"a".repeat(129)}`, "string_too_long", ["query", "exclude", 1]],
  ["/reco?user_id=u&session_id=s&filter=x", "value_error", ["query", "filter"]],
  ["/reco?user_id=u&session_id=s&boost=x", "value_error", ["query", "boost"]],
  ["/reco?user_id=u&session_id=s&cursor=x", "value_error", ["query", "cursor"]],
  ["/recommend", "missing", ["query", "user_id"]],
  ["/recommend?user_id=u&k=201", "less_than_equal", ["query", "k"]],
  ["/analytics/baseline?days=0", "greater_than_equal", ["query", "days"]],
  ["/analytics/baseline?days=31", "less_than_equal", ["query", "days"]],
  ["/readyz?capability=fly", "literal_error", ["query", "capability"]],
];

describe("a query that breaks a rule", () => {
  test.each(QUERIES)("%s is refused with %s", async (path, type, loc) => {
    const http = fakeHttp();
    expect(await issuesOf(await http.get(path))).toEqual([[type, loc]]);
    expect(http.asked).toEqual([]);
  });

  test("lists every issue", async () => {
    const http = fakeHttp();
    const issues = await issuesOf(await http.get("/reco?k=0&filter=x"));
    expect(new Set(issues.map(([, loc]) => loc.join(".")))).toEqual(
      new Set(["query.filter", "query.user_id", "query.session_id", "query.k"]),
    );
  });

  test.each(["0", "30001", "fast", "-5", "1e3"])("refuses a timeout header of %s", async (value) => {
    const http = fakeHttp();
    const response = await http.get("/contract", { "X-Request-Timeout-Ms": value });
    expect((await issuesOf(response))[0]?.[1]).toEqual(["header", "X-Request-Timeout-Ms"]);
  });
});
