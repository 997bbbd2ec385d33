import { describe, expect, test } from "bun:test";
import { anAnswer, fakeHttp, NOW_MS } from "../support/fakes/http-services.ts";
import { settled } from "../support/manual-clock.ts";

const issuesOf = async (response: Response) =>
  ((await response.json()) as { detail: { type: string; loc: unknown[] }[] }).detail.map(({ type, loc }) => [
    type,
    loc,
  ]);
const users = (...ids: string[]) => ids.map((user_id) => ({ user_id }));

describe("POST /recommend", () => {
  test("answers every user in the order sent, and logs nothing", async () => {
    const http = fakeHttp();
    const response = await http.post(
      "/recommend",
      { users: users("b", "a"), k: 2 },
      { "X-Request-ID": "call-0001" },
    );
    expect(await response.json()).toEqual({
      request_id: "call-0001",
      results: ["b", "a"].map((user_id) => ({
        user_id,
        items: ["item-0", "item-1"],
        model_version: "rules-v1",
        strategy: "co_vis_popularity_hybrid",
        policy: "builtin:rules-v1",
        variant: "primary",
        degraded: null,
      })),
    });
    expect(http.impressions).toEqual([]);
    expect(response.headers.has("X-Reco-Degraded")).toBe(false);
    expect(response.headers.has("X-Reco-Policy")).toBe(false);
  });

  test("hands down session events in time order, none of them in the future, and both exclude lists", async () => {
    const http = fakeHttp();
    const second = Math.floor(NOW_MS / 1000);
    await http.post("/recommend", {
      users: [
        {
          user_id: 7,
          session_id: "s",
          exclude: ["x"],
          session_events: [
            { item_id: "late", ts: second + 60 },
            { item_id: "early", event_type: "purchase", ts: second - 60 },
            { item_id: "now" },
          ],
        },
      ],
      exclude: ["y"],
      surface: "home",
    });
    const [asked] = http.asked;
    expect(asked?.request).toMatchObject({
      userId: "7",
      sessionId: "s",
      k: 10,
      exclude: new Set(["x", "y"]),
      surface: "home",
    });
    const taken = asked?.request.sessionEvents?.map(({ itemId, weight }) => [itemId, weight]);
    expect(taken).toEqual([
      ["early", 10],
      ["late", 1],
      ["now", 1],
    ]);
    expect(asked?.request.sessionEvents?.at(-1)?.tsMs).toBe(NOW_MS);
  });

  test("says when a result is degraded, and explains each when asked to", async () => {
    const http = fakeHttp();
    http.answer = anAnswer(3, { degraded: "timeout:reduced" });
    const response = await http.post("/recommend", { users: users("a"), details: true });
    expect(response.headers.get("X-Reco-Degraded")).toBe("timeout:reduced");
    const { results } = (await response.json()) as {
      results: { degraded: string; details: { items: unknown[] } }[];
    };
    expect([results[0]?.degraded, results[0]?.details.items.length]).toEqual(["timeout:reduced", 3]);
  });

  test.each([
    [{}, "missing", ["body", "users"]],
    [{ users: [] }, "too_short", ["body", "users"]],
    [{ users: users(...Array.from({ length: 33 }, (_, n) => `u-${n}`)) }, "too_long", ["body", "users"]],
    [{ users: users("a", "a") }, "value_error", ["body", "users", 1, "user_id"]],
    [{ users: users("a"), k: 201 }, "less_than_equal", ["body", "k"]],
    [{ users: users("a"), filter: "1" }, "value_error", ["body", "filter"]],
    [{ users: users("a"), boost: "item.price > 3" }, "value_error", ["body", "boost"]],
    [{ users: users("a"), other: 1 }, "extra_forbidden", ["body", "other"]],
    [
      { users: [{ user_id: "a", session_events: [{ item_id: "i", event_type: "buy" }] }] },
      "literal_error",
      ["body", "users", 0, "session_events", 0, "event_type"],
    ],
    [
      { users: [{ user_id: "a", session_events: [{ item_id: "i", ts: 1 }] }] },
      "value_error",
      ["body", "users", 0, "session_events", 0, "ts"],
    ],
  ])("%j is refused by field and rule", async (body, type, loc) => {
    const response = await fakeHttp().post("/recommend", body);
    expect(response.status).toBe(422);
    expect(await issuesOf(response)).toEqual([[type, loc]]);
  });
});

describe("several users", () => {
  test.each([
    [
      "take turns with other calls where an expression makes them long",
      { filter: "item.price < 3" },
      3,
      [0, 1, 2, 3],
    ],
    ["are read together where not", {}, 3, [0, 3]],
    ["take turns with other calls where they are many", {}, 10, [0, 4, 8, 10]],
  ])("%s", async (_, expression, count, expected) => {
    const http = fakeHttp();
    const users = Array.from({ length: count }, (_, place) => ({ user_id: `u${place}` }));
    const answered = http.post("/recommend", { users, ...expression });
    const seen = new Set<number>();
    while (http.asked.length < users.length) {
      seen.add(http.asked.length);
      await settled();
    }
    seen.add(http.asked.length);
    expect([(await answered).status, [...seen]]).toEqual([200, expected]);
  });
});

test("users whose turn comes after the call's time are answered without ranking", async () => {
  const http = fakeHttp();
  const users = Array.from({ length: 8 }, (_, place) => ({ user_id: `u${place}` }));
  // The first four take a minute.
  Object.assign(http.clock, { monotonicMs: () => (http.asked.length < 4 ? 0 : 60_000) });
  expect((await http.post("/recommend", { users })).status).toBe(200);
  expect(http.asked.map(({ request }) => request.isLate ?? false)).toEqual([
    ...Array(4).fill(false),
    ...Array(4).fill(true),
  ]);
});

describe("GET /reco", () => {
  const PATH = "/reco?user_id=u-1&session_id=s-1";

  test("hands down filter and boost, compiled", async () => {
    const http = fakeHttp();
    await http.get(`${PATH}&filter=${encodeURIComponent("item.price < 3")}&boost=2`);
    const { filter, boost } = http.asked[0]?.request ?? {};
    expect([filter?.asksUser, boost?.asksUser]).toEqual([false, false]);
  });

  test("refuses expressions that it cannot read, by parameter", async () => {
    const response = await fakeHttp().get(`${PATH}&filter=item.price+%3C&boost=item.title+%2B`);
    expect(response.status).toBe(422);
    expect(await issuesOf(response)).toEqual([
      ["value_error", ["query", "filter"]],
      ["value_error", ["query", "boost"]],
    ]);
  });
});
