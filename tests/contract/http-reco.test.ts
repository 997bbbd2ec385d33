import { describe, expect, test } from "bun:test";
import type { Page } from "../../src/recommend/paged-list.ts";
import { PLAIN_RULES } from "../../src/recommend/serving-rules.ts";
import { answerOf, bodyOf } from "../support/answers.ts";
import { anAnswer, fakeHttp, NOW_MS } from "../support/fakes/http-services.ts";

const PATH = "/reco?user_id=u-1&session_id=s-1";
const CHOSEN = { "X-Request-ID": "client-request-1" };

describe("GET /reco", () => {
  test("answers exactly the four documented members", async () => {
    const http = fakeHttp();
    const response = await http.get(`${PATH}&k=2`, CHOSEN);
    expect(await answerOf(response)).toEqual({
      status: 200,
      body: {
        request_id: "client-request-1",
        items: ["item-0", "item-1"],
        model_version: "rules-v1",
        strategy: "co_vis_popularity_hybrid",
      } as object,
    });
  });

  test("names request id, variant and policy in its headers", async () => {
    const http = fakeHttp();
    const response = await http.get(PATH);
    const body = await bodyOf(response);
    expect(response.headers.get("X-Request-ID")).toBe(body.request_id ?? "");
    expect(response.headers.get("X-Reco-Variant")).toBe("primary");
    expect(response.headers.get("X-Reco-Policy")).toBe("builtin:rules-v1");
    expect(response.headers.has("X-Reco-Degraded")).toBe(false);
  });

  test("asks for 20 items unless told otherwise", async () => {
    const http = fakeHttp();
    await http.get(PATH);
    await http.get(`${PATH}&k=%31%30`);
    expect(http.asked.map(({ request }) => request.k)).toEqual([20, 10]);
  });

  test("hands down the surface", async () => {
    const http = fakeHttp();
    await http.get(PATH);
    await http.get(`${PATH}&surface=home`);
    expect(http.asked.map(({ request }) => request.surface)).toEqual(["default", "home"]);
  });

  test("hands down the ids to leave out, repeated or in a list", async () => {
    const http = fakeHttp();
    await http.get(`${PATH}&exclude=a,b&exclude=c%20d&exclude=`);
    expect(http.asked[0]?.request.exclude).toEqual(new Set(["a", "b", "c d"]));
  });

  test("an empty slate is a good answer that is not logged", async () => {
    const http = fakeHttp();
    http.answer = anAnswer(0, { strategy: "fallback:empty", degraded: "empty:empty" });
    const response = await http.get(PATH);
    expect(response.headers.get("X-Reco-Degraded")).toBe("empty:empty");
    expect(await answerOf(response)).toMatchObject({ status: 200, body: { items: [] } });
    expect(http.impressions).toEqual([]);
  });

  test("with details explains each item", async () => {
    const http = fakeHttp();
    http.titles = new Map([["item-0", "The First"]]);
    const body = await bodyOf(await http.get(`${PATH}&k=2&details=yes`));
    expect(body.details).toEqual({
      policy: "builtin:rules-v1",
      variant: "primary",
      experiment_variant: "control",
      degraded: null,
      deadline_ms: 250,
      timings_ms: { retrieval: 1.235, ranking: 0.5, diversity: 0, exploration: 0 },
      cursor: null,
      items: [
        {
          item_id: "item-0",
          title: "The First",
          position: 0,
          score: 1,
          propensity: 1,
          sources: [{ name: "popularity", score: 1 }],
          reason: "popularity",
        },
        expect.objectContaining({ item_id: "item-1", title: null, position: 1 }),
      ],
    });
  });
});

describe("autolog", () => {
  test("logs the slate as one impression, positions counted from 0", async () => {
    const http = fakeHttp();
    await http.get(`${PATH}&k=2`, { ...CHOSEN, "User-Agent": "a".repeat(600) });
    expect(http.impressions).toEqual([
      expect.objectContaining({
        kind: "impression",
        userId: "u-1",
        sessionId: "s-1",
        requestId: "client-request-1",
        tsMs: NOW_MS,
        serverReceivedTsMs: NOW_MS,
        context: { user_agent: "a".repeat(512) },
        items: [
          expect.objectContaining({ itemId: "item-0", position: 0 }),
          expect.objectContaining({ itemId: "item-1", position: 1 }),
        ],
      }),
    ]);
  });

  test.each(["false", "0", "no", "OFF", "f", "n"])("is off with x_autolog_impressions=%s", async (word) => {
    const http = fakeHttp();
    await http.get(`${PATH}&x_autolog_impressions=${word}`);
    expect(http.impressions).toEqual([]);
  });

  test("is off for HEAD, which shows nobody anything", async () => {
    const http = fakeHttp();
    const response = await http.app.request(PATH, { method: "HEAD" });
    expect([response.status, await response.text(), http.impressions.length]).toEqual([200, "", 0]);
  });
});

describe("a retry with the client's own request id", () => {
  test("gets the slate of the first call and logs the same event", async () => {
    const http = fakeHttp();
    const first = await bodyOf(await http.get(PATH, CHOSEN));
    http.answer = anAnswer(1);
    await http.clock.advance(1_000);
    const second = await bodyOf(await http.get(PATH, CHOSEN));
    expect(second).toEqual(first);
    expect(http.impressions).toHaveLength(2);
    expect(http.impressions[1]).toEqual(http.impressions[0] as (typeof http.impressions)[number]);
  });

  test.each([
    ["after an event of the user", PATH, (http) => http.slates.forget("u-1")],
    ["for another k", `${PATH}&k=19`, () => {}],
    ["for another session", "/reco?user_id=u-1&session_id=s-2", () => {}],
    ["when it excludes an item of that slate", `${PATH}&exclude=item-3`, () => {}],
    ["when an item of that slate came to be hidden", PATH, (http) => http.hidden.add("item-3")],
    ["for another filter", `${PATH}&filter=item.verified`, () => {}],
    ["for another boost", `${PATH}&boost=item.price`, () => {}],
    ["without autolog", `${PATH}&x_autolog_impressions=0`, () => {}],
  ] as [string, string, (http: ReturnType<typeof fakeHttp>) => unknown][])(
    "is computed anew %s",
    async (_when, path, between) => {
      const http = fakeHttp();
      await http.get(PATH, CHOSEN);
      between(http);
      await http.get(path, CHOSEN);
      expect(http.asked).toHaveLength(2);
    },
  );

  test("is not recognised by an id that reco made", async () => {
    const http = fakeHttp();
    await http.get(PATH);
    await http.get(PATH);
    expect([http.asked.length, http.slates.size]).toEqual([2, 0]);
  });
});

describe("what /reco counts", () => {
  test("every call of any status, in the window and by family", async () => {
    const http = fakeHttp({ http: { authMode: "keyed", apiKeys: ["secret"] } });
    await http.get(PATH, { "x-api-key": "secret" });
    await http.get("/reco", { "x-api-key": "secret" });
    await http.get(PATH);
    http.health = { ...http.health, draining: true };
    await http.get(PATH, { "x-api-key": "secret" });
    expect(http.recorded.map(({ status }) => status)).toEqual([200, 422, 401, 503]);
    const families = ["2xx", "4xx", "5xx"].map((family) =>
      http.metric("reco_api_requests_total", { status_family: family }),
    );
    expect(families).toEqual([1, 2, 1]);
    expect(http.metric("reco_api_latency_ms")).toBe(4);
  });

  test("stages, items and exposures of an answer", async () => {
    const http = fakeHttp();
    await http.get(PATH);
    const exposure = { endpoint: "reco", variant: "primary", experiment_variant: "control" };
    expect(http.metric("reco_stage_latency_ms", { stage: "retrieval" })).toBe(1);
    expect(http.metric("reco_stage_latency_ms", { stage: "ranking" })).toBe(1);
    const modelType = { model_type: "co_vis_popularity_hybrid" };
    expect(http.metric("model_inference_latency_seconds", modelType)).toBe(1);
    expect(http.metric("recommendation_count", { endpoint: "reco" })).toBe(1);
    expect(http.metric("recommendation_requests_total", { endpoint: "reco", status: "success" })).toBe(1);
    expect(http.metric("recommendation_exposures_total", { ...exposure, degrade_reason: "none" })).toBe(1);
  });

  test("degraded answers by reason and rung", async () => {
    const http = fakeHttp();
    http.answer = anAnswer(5, { strategy: "fallback:popular", degraded: "timeout:popular" });
    await http.get(PATH);
    const endpoint = "reco";
    expect(http.metric("recommendation_degraded_total", { endpoint, reason: "timeout:popular" })).toBe(1);
    expect(http.metric("fallback_triggered_total", { reason: "timeout", level: "popular" })).toBe(1);
    expect(http.metric("recommendation_timeouts_total", { endpoint, operation: "total" })).toBe(1);
    expect(http.metric("recommendation_fallback_ratio", { endpoint })).toBe(1);
  });

  test("a reduced answer is degraded but no fallback", async () => {
    const http = fakeHttp();
    http.answer = anAnswer(5, { degraded: "overload:reduced" });
    const response = await http.get(PATH);
    expect(response.headers.get("X-Reco-Degraded")).toBe("overload:reduced");
    expect(http.metric("recommendation_fallback_ratio", { endpoint: "reco" })).toBe(0);
  });
});

describe("GET /recommend", () => {
  test("answers ten items with its constant reason and logs nothing", async () => {
    const http = fakeHttp();
    const response = await http.get("/recommend?user_id=u-1");
    expect(await answerOf(response)).toEqual({
      status: 200,
      body: {
        user_id: "u-1",
        items: Array.from({ length: 10 }, (_, index) => `item-${index}`),
        reason: { type: "hybrid", sources: ["co_visitation", "trending"] },
      } as object,
    });
    expect([http.impressions.length, http.recorded.length]).toEqual([0, 0]);
  });

  test("counts under its own endpoint and names a degraded answer", async () => {
    const http = fakeHttp();
    http.answer = anAnswer(1, { strategy: "fallback:popular", degraded: "error:popular" });
    const response = await http.get("/recommend?user_id=u-1&k=3");
    expect(response.headers.get("X-Reco-Degraded")).toBe("error:popular");
    expect(http.metric("recommendation_requests_total", { endpoint: "recommend", status: "success" })).toBe(
      1,
    );
    expect(http.asked[0]?.request.k).toBe(3);
  });
});

describe("exploration", () => {
  const explored = {
    seed: "ab".repeat(32),
    rules: { epsilon: 0.05, fromPosition: 3, poolSize: 200 },
    propensities: Float64Array.of(1, 0.95),
    drawn: [],
    greedy: ["item-0", "item-1"],
    pool: ["item-2"],
  };

  test("is asked for under the id of the request, unless it is switched off", async () => {
    const http = fakeHttp();
    const off = fakeHttp({ reco: { isExploring: false } });
    for (const each of [http, off]) await each.get(PATH, CHOSEN);
    expect(http.asked[0]?.request.explorationId).toBe("client-request-1");
    expect(off.asked[0]?.request.explorationId).toBeUndefined();
  });

  test("tells with each item the probability that it was shown with", async () => {
    const http = fakeHttp();
    http.answer = anAnswer(2, { exploration: explored });
    const body = await bodyOf(await http.get(`${PATH}&details=1`));
    expect(body.details).toMatchObject({ items: [{ propensity: 1 }, { propensity: 0.95 }] });
  });

  test("is not asked for by POST /recommend and GET /recommend", async () => {
    const http = fakeHttp();
    await http.post("/recommend", { users: [{ user_id: "u-1" }] });
    await http.get("/recommend?user_id=u-1");
    expect(http.asked.map(({ request }) => request.explorationId)).toEqual([undefined, undefined]);
  });
});

describe("pages", () => {
  const page = (shown: number): Page => {
    const { list, label, modelVersion, strategy } = anAnswer(30);
    const paged = { list, label, modelVersion, strategy, rules: PLAIN_RULES };
    return { paged, shown: Uint8Array.of(shown) };
  };
  /** A server with more to show, and the cursor of it. */
  const begun = async () => {
    const http = fakeHttp();
    http.answer = anAnswer(3, { page: page(0b111) });
    const { details } = await bodyOf(await http.get(`${PATH}&details=1`));
    return { http, cursor: (details as { cursor: string }).cursor };
  };

  test("a cursor continues the list where it stands, at any worker", async () => {
    const { http, cursor } = await begun();
    const other = fakeHttp({}, http.services.pagedLists);
    other.answer = anAnswer(2, { page: page(0b11111) });
    const body = await bodyOf(await other.get(`${PATH}&details=1&cursor=${cursor}`));
    expect(other.pages).toEqual([page(0b111)]);
    const { cursor: next } = body.details as { cursor: string };
    expect(next).not.toBe(cursor);
    other.answer = anAnswer(1, { page: null });
    expect((await bodyOf(await http.get(`${PATH}&cursor=${next}`))).items).toBeDefined();
    const last = await bodyOf(await other.get(`${PATH}&details=1&cursor=${next}`));
    expect(other.pages.at(-1)).toEqual(page(0b11111));
    expect(last.details).toMatchObject({ cursor: null });
  });

  test("is null where nobody asks for details, and where the list could not be kept", async () => {
    const { http } = await begun();
    http.store = () => Promise.reject(new Error("away"));
    const body = await bodyOf(await http.get(`${PATH}&details=1`));
    expect(body.details).toMatchObject({ cursor: null });
    expect(http.asked.map(({ request }) => request.isPaged)).toEqual([true, true]);
    await http.get(PATH);
    expect(http.asked.at(-1)?.request.isPaged).toBeFalsy();
  });

  test.each([
    ["another user's", (cursor: string) => `/reco?user_id=u-2&session_id=s-1&cursor=${cursor}`],
    ["another session's", (cursor: string) => `/reco?user_id=u-1&session_id=s-2&cursor=${cursor}`],
    ["of another filter", (cursor: string) => `${PATH}&filter=item.verified&cursor=${cursor}`],
    ["nobody's", () => `${PATH}&cursor=${Buffer.alloc(20).toString("base64url")}`],
    ["no cursor", () => `${PATH}&cursor=hello`],
  ])("%s is refused", async (_, pathOf) => {
    const { http, cursor } = await begun();
    const response = await http.get(pathOf(cursor));
    expect(response.status).toBe(422);
    expect((await bodyOf(response)).detail).toMatchObject([{ loc: ["query", "cursor"] }]);
    expect(http.pages).toEqual([]);
  });

  test("is refused after five minutes", async () => {
    const { http, cursor } = await begun();
    await http.clock.advance(5 * 60_000);
    expect((await http.get(`${PATH}&cursor=${cursor}`)).status).toBe(422);
  });

  test("a page is empty, and comes again, while the list cannot be read", async () => {
    const { http, cursor } = await begun();
    http.store = () => Promise.reject(new Error("away"));
    http.answer = anAnswer(0, { strategy: "fallback:empty", degraded: "error:empty" });
    const response = await http.get(`${PATH}&details=1&cursor=${cursor}`);
    expect(response.headers.get("X-Reco-Degraded")).toBe("error:empty");
    expect(await bodyOf(response)).toMatchObject({ items: [], details: { cursor } });
    expect(http.pages).toEqual([null]);
  });

  test("a retry of a page gets that page, with its cursor", async () => {
    const { http, cursor } = await begun();
    const path = `${PATH}&details=1&cursor=${cursor}`;
    const first = await bodyOf(await http.get(path, CHOSEN));
    http.answer = anAnswer(1, { page: null });
    expect(await bodyOf(await http.get(path, CHOSEN))).toEqual(first);
    const second = await bodyOf(await http.get(`${PATH}&details=1`, CHOSEN));
    expect(second.items).toEqual(["item-0"]);
  });
});
