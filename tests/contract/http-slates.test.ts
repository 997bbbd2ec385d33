/** The routes of served slates, and what GET /reco hands over to be stored. */

import { beforeEach, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import { answerOf, bodyOf } from "../support/answers.ts";
import { type FakeHttp, fakeHttp, NOW_MS } from "../support/fakes/http-services.ts";
import { aSlate, type NamedSlate, someFeatures, written } from "../support/slates.ts";

const soon = () => Deadline.after(1_000);

describe("GET /reco hands its slate over", () => {
  const PATH = "/reco?user_id=u-1&session_id=s-1&k=2";
  const CHOSEN = { "X-Request-ID": "client-request-1" };

  test("as it was answered, with what was asked", async () => {
    const http = fakeHttp();
    await http.get(`${PATH}&exclude=x&surface=home&filter=item.price%20%3C%203`, CHOSEN);
    expect(http.served).toHaveLength(1);
    expect(http.served[0]).toMatchObject({
      requestId: "client-request-1",
      servedAtMs: NOW_MS,
      surface: "home",
    });
    expect(http.served[0]?.request).toMatchObject({ userId: "u-1", sessionId: "s-1", k: 2, isStored: true });
    expect(http.served[0]?.answer.list.itemIds).toEqual(["item-0", "item-1"]);
  });

  test("also where it logs no impression, and where it is empty", async () => {
    const http = fakeHttp();
    await http.get(`${PATH}&x_autolog_impressions=false`);
    expect([http.served.length, http.impressions.length]).toEqual([1, 0]);
  });

  test("not for HEAD, an error, or a repeat of a slate that was kept", async () => {
    const http = fakeHttp();
    await http.send("HEAD", PATH);
    await http.get("/reco?user_id=u-1");
    expect(http.served).toEqual([]);
    expect(http.asked[0]?.request.isStored ?? false).toBe(false);
    await http.get(PATH, CHOSEN);
    await http.get(PATH, CHOSEN);
    expect(http.served).toHaveLength(1);
  });
});

describe("a stored slate", () => {
  let http: FakeHttp;
  const store = (over: Partial<NamedSlate> = {}) => {
    const slate = aSlate({ servedAtMs: NOW_MS, requestId: "request-1", featuresId: "f-1", ...over });
    const features = [{ id: "f-1", servedAtMs: NOW_MS, features: someFeatures() }];
    return http.slateStore.store(written({ slates: [slate], features }), soon());
  };
  /** As `someFeatures` rank: a share of 0.7 for rules, of 0.3 for popularity. */
  const asRanked = () => {
    const items = ["ä", "b"].map((itemId, position) => ({
      itemId,
      score: position === 0 ? 0.7 + 0.3 * (0.1 / 0.2) : 0.3,
      propensity: 1,
      sources: [],
      isExplored: false,
    }));
    return store({ items });
  };
  beforeEach(() => {
    http = fakeHttp();
  });

  test("is shown with its request, policy and items", async () => {
    await store();
    const body = await bodyOf(await http.get("/slates/request-1"));
    expect(body).toMatchObject({
      request_id: "request-1",
      served_at: new Date(NOW_MS).toISOString(),
      request: { user_id: "u-1", session_id: "s-1", k: 2, filter: "item.price < 3", boost: null },
      policy: "builtin:stream-v1",
      model_version: "stream-v1",
      variant: "primary",
      features: "kept",
      features_truncated: false,
    } as object);
    expect((body as unknown as { items: object[] }).items?.[1]).toEqual({
      item_id: "b",
      position: 1,
      score: 5e-324,
      propensity: 0.95,
      explored: true,
      sources: [],
    });
  });

  test("is explained by contributions", async () => {
    await asRanked();
    const body = (await bodyOf(await http.get("/slates/request-1/explain"))) as unknown as {
      items?: { contributions: { name: string; contribution: number }[] }[];
    };
    expect(body.items?.[1]?.contributions.map(({ name, contribution }) => [name, contribution])).toEqual([
      ["sequential_rules", 0],
      ["decayed_popularity", 0.3],
    ]);
  });

  test.each([
    ["b", { verdict: "shown", position: 1 }],
    ["e{,}", { verdict: "excluded" }],
    ["h", { verdict: "hidden", by: "user" }],
    ["y", { verdict: "seen", interactions_ago: 2 }],
    ["c", { verdict: "outranked", rank: 2 }],
    ["hidden by now", { verdict: "hidden", by: "catalogue" }],
    ["of the catalogue", { verdict: "not_retrieved" }],
    ["nowhere", { verdict: "unknown_item" }],
  ])("tells why not %s", async (itemId, verdict) => {
    await asRanked();
    http.standings.set("hidden by now", { isKnown: true, isHidden: true });
    http.standings.set("of the catalogue", { isKnown: true, isHidden: false });
    const answer = await answerOf(await http.get(`/slates/request-1/why-not/${encodeURIComponent(itemId)}`));
    expect(answer).toMatchObject({
      status: 200,
      body: { request_id: "request-1", item_id: itemId, ...verdict } as object,
    });
  });

  test("is not what its features give: a replay names the places", async () => {
    await store();
    const { body } = await answerOf(await http.post("/slates/request-1/replay", {}));
    expect(body).toMatchObject({ identical: false } as object);
    expect((body as { differences?: { position: number }[] }).differences?.[0]?.position).toBe(0);
  });

  test("by another policy needs what that one ranks by, and a run that is there", async () => {
    await store();
    const replay = async (policy: string) => {
      const { status, body } = await answerOf(await http.post("/slates/request-1/replay", { policy }));
      return [status, (body as { detail?: string }).detail];
    };
    http.replayable.set("20260101_000000", "not_retained");
    expect(await replay("20260102_000000")).toEqual([404, "Run not found"]);
    expect(await replay("no policy")).toEqual([404, "Run not found"]);
    expect(await replay("20260101_000000")).toEqual([
      409,
      "The model of run 20260101_000000 is not retained",
    ]);
    expect((await replay("builtin:rules-v1"))[0]).toBe(409);
    expect((await replay("builtin:stream-v1"))[0]).toBe(200);
  });

  test.each(["/slates/nobody", "/slates/nobody/explain", "/slates/nobody/why-not/x"])(
    "%s is 404",
    async (path) => {
      expect((await http.get(path)).status).toBe(404);
    },
  );

  test("that was served too long ago is 404, and one without features can be shown, not replayed", async () => {
    await store({ requestId: "request-2", featuresId: "lost" });
    expect((await http.get("/slates/request-2/explain")).status).toBe(200);
    expect((await http.get("/slates/request-2/why-not/c")).status).toBe(409);
    expect((await http.post("/slates/request-2/replay", {})).status).toBe(409);
    await http.clock.advance(7 * 86_400_000);
    expect((await http.get("/slates/request-2")).status).toBe(404);
    expect((await http.post("/slates/request-2/replay", {})).status).toBe(404);
  });
});
