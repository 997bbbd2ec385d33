import { describe, expect, test } from "bun:test";
import { fakeHttp } from "../support/fakes/http-services.ts";

const TABLET = "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605 Mobile/15E148";
const PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel) AppleWebKit/537 Chrome/120 Mobile Safari/537";
const ANDROID_TABLET = "Mozilla/5.0 (Linux; Android 14; SM-X210) AppleWebKit/537 Chrome/120 Safari/537";
const DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537 Chrome/120 Safari/537";

const issuesOf = async (response: Response) =>
  ((await response.json()) as { detail: { type: string; loc: unknown[] }[] }).detail.map(({ type, loc }) => [
    type,
    loc,
  ]);

describe.each([
  ["/similar/", "similar", "similar_items"],
  ["/recommend/detail/", "detail", "recommendations"],
] as const)("GET %s", (path, route, listName) => {
  test("answers with everything that an item and its answer have", async () => {
    const http = fakeHttp();
    const response = await http.get(`${path}item%2F7?limit=2`, { "X-Request-ID": "call-0001" });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      dataset_id: "item/7",
      [listName]: [
        {
          dataset_id: "item-0",
          title: "Title of item-0",
          price: 9.5,
          cover_image: null,
          score: 1,
          reason: "behavior+tags",
        },
        {
          dataset_id: "item-1",
          title: "Title of item-1",
          price: 9.5,
          cover_image: null,
          score: 0.5,
          reason: "behavior+tags",
        },
      ],
      request_id: "call-0001",
      algorithm_version: "rules-v1",
      variant: "primary",
      experiment_variant: "control",
      request_context: { source: "unknown", device_type: "unknown", locale: null, client_app: null },
    });
    expect(response.headers.get("X-Reco-Variant")).toBe("primary");
    expect(response.headers.get("X-Reco-Policy")).toBe("builtin:rules-v1");
    expect(response.headers.has("X-Reco-Degraded")).toBe(false);
    expect(http.askedBeside).toEqual([
      {
        route,
        itemId: "item/7",
        userId: null,
        limit: 2,
        requestId: "call-0001",
        source: "unknown",
        isMobile: false,
      },
    ]);
  });

  test("takes 10 items without a limit, and tells where the answer is shown", async () => {
    const http = fakeHttp();
    const response = await http.get(`${path}i?source=home`, {
      "User-Agent": PHONE,
      "Accept-Language": "de-CH,de;q=0.9",
      "X-Client-App": "shop/3",
    });
    const body = (await response.json()) as { request_context: object } & Record<typeof listName, unknown[]>;
    expect(body.request_context).toEqual({
      source: "home",
      device_type: "mobile",
      locale: "de-CH",
      client_app: "shop/3",
    });
    expect(body[listName].length).toBe(10);
    expect(http.askedBeside[0]).toMatchObject({ source: "home", isMobile: true });
  });

  test("a fallback names itself, and is counted", async () => {
    const http = fakeHttp();
    http.besideAnswer = { ...http.besideAnswer, variant: "fallback", degraded: "timeout:redis" };
    const response = await http.get(`${path}i`);
    expect(response.status).toBe(200);
    expect(((await response.json()) as { variant: string }).variant).toBe("fallback");
    expect(response.headers.get("X-Reco-Variant")).toBe("fallback");
    expect(response.headers.get("X-Reco-Degraded")).toBe("timeout:redis");
    const endpoint = route;
    expect(http.metric("recommendation_degraded_total", { endpoint, reason: "timeout:redis" })).toBe(1);
    expect(http.metric("fallback_triggered_total", { reason: "timeout", level: "redis" })).toBe(1);
    expect(http.metric("recommendation_fallback_ratio", { endpoint })).toBe(1);
    expect(
      http.metric("recommendation_exposures_total", {
        endpoint,
        variant: "fallback",
        experiment_variant: "control",
        degrade_reason: "timeout:redis",
      }),
    ).toBe(1);
  });

  test("nothing to serve is 404, and 503 when that is because something failed", async () => {
    const http = fakeHttp();
    http.besideAnswer = { ...http.besideAnswer, items: [] };
    const missing = await http.get(`${path}i`);
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ error_code: "not_found" });
    http.besideAnswer = { ...http.besideAnswer, degraded: "error:no_fallback" };
    const failed = await http.get(`${path}i`);
    expect(failed.status).toBe(503);
    expect(failed.headers.has("Retry-After")).toBe(true);
    const body = (await failed.json()) as { error_code: string; detail: string };
    expect(body.error_code).toBe("nothing_to_serve");
    expect(body.detail).toContain("(degraded=error:no_fallback)");
  });

  test.each([
    ["?limit=0", "greater_than_equal", ["query", "limit"]],
    ["?limit=51", "less_than_equal", ["query", "limit"]],
    ["?limit=x", "int_parsing", ["query", "limit"]],
  ])("refuses %s", async (query, type, loc) => {
    const response = await fakeHttp().get(`${path}i${query}`);
    expect(response.status).toBe(422);
    expect(await issuesOf(response)).toEqual([[type, loc]]);
  });

  test("refuses an id that is none", async () => {
    const response = await fakeHttp().get(`${path}${"x".repeat(129)}`);
    expect(await issuesOf(response)).toEqual([["string_too_long", ["path", "dataset_id"]]]);
    expect((await fakeHttp().get(`${path}%FF`)).status).toBe(422);
  });

  test("needs a key with the scope where keys are in use", async () => {
    const http = fakeHttp({ http: { authMode: "keyed", apiKeys: ["a-key-of-some-length"] } });
    expect((await http.get(`${path}i`)).status).toBe(401);
    expect((await http.get(`${path}i`, { "x-api-key": "a-key-of-some-length" })).status).toBe(200);
  });
});

describe("the context of a call", () => {
  test.each([
    [TABLET, "tablet"],
    [ANDROID_TABLET, "tablet"],
    [PHONE, "mobile"],
    [DESKTOP, "desktop"],
    ["", "unknown"],
  ])("%s", async (userAgent, deviceType) => {
    const response = await fakeHttp().get("/similar/i", { "User-Agent": userAgent });
    expect(await response.json()).toMatchObject({ request_context: { device_type: deviceType } });
  });

  test("the header comes before the query, and words are cut", async () => {
    const response = await fakeHttp().get("/similar/i?source=home", {
      "X-Recommend-Source": "s".repeat(100),
    });
    expect(await response.json()).toMatchObject({ request_context: { source: "s".repeat(64) } });
  });
});

describe("GET /recommend/detail/{dataset_id} for a user", () => {
  test("hands down the user; an id that is none is refused", async () => {
    const http = fakeHttp();
    await http.get("/recommend/detail/i?user_id=u%201");
    expect(http.askedBeside[0]?.userId).toBe("u 1");
    expect(await issuesOf(await http.get("/recommend/detail/i?user_id="))).toEqual([
      ["string_too_short", ["query", "user_id"]],
    ]);
  });

  test("the log tells how likely each item was where some were drawn", async () => {
    const http = fakeHttp();
    await http.get("/recommend/detail/i");
    const [first] = http.besideAnswer.items;
    if (first === undefined) throw new Error("the fake answers something");
    http.besideAnswer = { ...http.besideAnswer, items: [{ ...first, propensity: 0.85 }] };
    await http.get("/recommend/detail/i", { "X-Request-ID": "call-0002" });
    const told = http.lines.filter(({ event }) => event === "recommendation.propensities");
    expect(told.map(({ fields }) => fields)).toEqual([
      {
        request_id: "call-0002",
        endpoint: "detail",
        algorithm_version: "rules-v1",
        items: [{ dataset_id: "item-0", propensity: 0.85 }],
      },
    ]);
  });
});

describe("GET /hot/trending", () => {
  test("answers 20 items of the last hour without parameters", async () => {
    const http = fakeHttp();
    const response = await http.get("/hot/trending");
    const body = (await response.json()) as { timeframe: string; items: unknown[] };
    expect([response.status, body.timeframe, body.items.length]).toEqual([200, "1h", 20]);
    expect(body.items[0]).toEqual({
      dataset_id: "item-0",
      title: "Title of item-0",
      price: 9.5,
      cover_image: null,
    });
  });

  test("takes a day, and 100 items at most", async () => {
    const http = fakeHttp();
    await http.get("/hot/trending?timeframe=24h&limit=100");
    expect(http.askedTrending).toEqual([{ timeframe: "24h", limit: 100 }]);
    expect(await issuesOf(await http.get("/hot/trending?timeframe=7d&limit=101"))).toEqual([
      ["less_than_equal", ["query", "limit"]],
      ["literal_error", ["query", "timeframe"]],
    ]);
  });

  test("says when the list is an old one, and has nothing without items", async () => {
    const http = fakeHttp();
    http.trendingAnswer = { ...http.trendingAnswer, degraded: "error:popular" };
    expect((await http.get("/hot/trending")).headers.get("X-Reco-Degraded")).toBe("error:popular");
    http.trendingAnswer = { items: [], degraded: null };
    expect((await http.get("/hot/trending")).status).toBe(404);
    http.trendingAnswer = { items: [], degraded: "error:no_fallback" };
    expect((await http.get("/hot/trending")).status).toBe(503);
  });
});
