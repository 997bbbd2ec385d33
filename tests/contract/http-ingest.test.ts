import { describe, expect, test } from "bun:test";
import { StoreDataError, StoreUnavailableError } from "../../src/core/errors.ts";
import { answerOf } from "../support/answers.ts";
import { aDirectBody, anImpressionBody, aWatchBody } from "../support/events.ts";
import { fakeHttp } from "../support/fakes/http-services.ts";

describe("POST /event", () => {
  test("answers ok, then duplicate", async () => {
    const http = fakeHttp();
    const first = await answerOf(await http.post("/event", aDirectBody()));
    const second = await answerOf(await http.post("/event", aDirectBody()));
    expect(first).toEqual({ status: 200, body: { status: "ok", event_id: "event-0001" } });
    expect(second).toEqual({ status: 200, body: { status: "duplicate", event_id: "event-0001" } });
  });

  test("makes an id of 32 hex characters when none is given", async () => {
    const http = fakeHttp();
    const { event_id, ...withoutId } = aDirectBody();
    const { body } = await answerOf(await http.post("/event", withoutId));
    expect(body.event_id).toMatch(/^[0-9a-f]{32}$/);
  });

  test("hands the store one plan without an outbox row", async () => {
    const http = fakeHttp();
    await http.post("/event", aDirectBody());
    expect(http.plans).toHaveLength(1);
    expect(http.plans[0]).toMatchObject({
      outbox: null,
      event: { kind: "direct", userId: "u-1", signal: "click" },
    });
  });

  test("counts an accepted interaction once", async () => {
    const http = fakeHttp();
    await http.post("/event", aDirectBody());
    await http.post("/event", aDirectBody());
    expect(http.metric("user_interaction_total", { interaction_type: "click" })).toBe(1);
    expect(http.metric("recommendation_click_total", { source: "event" })).toBe(1);
  });
});

describe("POST /log/*", () => {
  test("an impression answers its rows, and none when sent again", async () => {
    const http = fakeHttp();
    const first = await answerOf(await http.post("/log/impression", anImpressionBody()));
    const second = await answerOf(await http.post("/log/impression", anImpressionBody()));
    const mode = { event_backbone_mode: "transactional_outbox" };
    expect<object>(first.body).toEqual({ status: "ok", inserted_rows: 2, outbox_enqueued: true, ...mode });
    expect<object>(second.body).toEqual({
      status: "duplicate",
      inserted_rows: 0,
      outbox_enqueued: false,
      ...mode,
    });
  });

  test("a watch answers the configured feature update mode", async () => {
    const http = fakeHttp({ ingest: { featureUpdateMode: "stream" } });
    const first = await answerOf(await http.post("/log/watch", aWatchBody()));
    const second = await answerOf(await http.post("/log/watch", aWatchBody()));
    const modes = {
      event_backbone_mode: "transactional_outbox",
      feature_update_mode: "stream",
      feature_updated: false,
    };
    expect<object>(first.body).toEqual({ status: "ok", outbox_enqueued: true, ...modes });
    expect<object>(second.body).toEqual({ status: "duplicate", outbox_enqueued: false, ...modes });
  });

  test("a batch is one unit, and known events only lower its counts", async () => {
    const http = fakeHttp();
    await http.post("/log/watch", aWatchBody());
    const events = [aWatchBody(), anImpressionBody(), aWatchBody({ event_id: "watch-0002" })];
    const { body } = await answerOf(await http.post("/log/batch", { events }));
    expect<object>(body).toEqual({
      status: "ok",
      count: 3,
      inserted_events: 2,
      outbox_enqueued: 2,
      event_backbone_mode: "transactional_outbox",
      feature_update_mode: expect.any(String),
    });
    expect(http.plans.slice(1).map(({ event }) => event.kind)).toEqual(["watch", "impression", "watch"]);
  });

  test("F5: one bad member refuses the whole batch before the store", async () => {
    const http = fakeHttp();
    const events = [aWatchBody(), aWatchBody({ event_id: "watch-0002", user_id: "" })];
    const response = await http.post("/log/batch", { events });
    expect(response.status).toBe(422);
    expect(http.plans).toEqual([]);
  });

  test("F15: an event longer than the event log takes is 413", async () => {
    const http = fakeHttp({ ingest: { maxEventBytes: 100 } });
    const { status, body } = await answerOf(await http.post("/log/watch", aWatchBody()));
    expect([status, body.error_code]).toEqual([413, "payload_too_large"]);
  });
});

describe("an event id that is known with another body", () => {
  test.each([
    ["/event", "direct", aDirectBody(), aDirectBody({ item_id: "i-2" })],
    ["/log/impression", "impression", anImpressionBody(), anImpressionBody({ session_id: "s-2" })],
    ["/log/watch", "watch", aWatchBody(), aWatchBody({ watch_time_sec: 61 })],
  ])("F4: is a marked duplicate on %s", async (path, kind, first, second) => {
    const http = fakeHttp();
    await http.post(path, first);
    const response = await http.post(path, second);
    expect(response.headers.get("X-Event-Conflict")).toBe("true");
    expect(await answerOf(response)).toMatchObject({ status: 200, body: { status: "duplicate" } });
    expect(http.metric("reco_event_id_conflicts_total", { event_type: kind })).toBe(1);
  });

  test("F4: is 409 in reject mode", async () => {
    const http = fakeHttp({ ingest: { eventIdConflictMode: "reject" } });
    await http.post("/event", aDirectBody());
    const response = await http.post("/event", aDirectBody({ item_id: "i-2" }));
    expect(response.headers.get("X-Event-Conflict")).toBe("true");
    expect(await answerOf(response)).toMatchObject({
      status: 409,
      body: { error_code: "event_id_conflict" },
    });
  });

  test("is no matter for a true duplicate in reject mode", async () => {
    const http = fakeHttp({ ingest: { eventIdConflictMode: "reject" } });
    await http.post("/event", aDirectBody());
    expect((await http.post("/event", aDirectBody())).status).toBe(200);
  });

  test("marks a batch, which still stores the others", async () => {
    const http = fakeHttp({ ingest: { eventIdConflictMode: "reject" } });
    await http.post("/log/watch", aWatchBody());
    const events = [aWatchBody({ watch_time_sec: 61 }), anImpressionBody()];
    const response = await http.post("/log/batch", { events });
    expect(response.headers.get("X-Event-Conflict")).toBe("true");
    expect(await answerOf(response)).toMatchObject({ status: 200, body: { inserted_events: 1 } });
  });

  test("a true duplicate carries no mark", async () => {
    const http = fakeHttp();
    await http.post("/event", aDirectBody());
    const response = await http.post("/event", aDirectBody());
    expect(response.headers.has("X-Event-Conflict")).toBe(false);
  });
});

describe("a store that fails", () => {
  test.each([
    ["/event", aDirectBody(), "failed to persist event"],
    ["/log/impression", anImpressionBody(), "failed to persist impression event"],
    ["/log/watch", aWatchBody(), "failed to persist watch event"],
    ["/log/batch", { events: [aWatchBody()] }, "failed to persist batch events"],
  ])("makes %s 503 with its own words and a Retry-After", async (path, body, detail) => {
    const http = fakeHttp();
    http.store = () => Promise.reject(new StoreUnavailableError("timeout", "select secret from nowhere"));
    const response = await http.post(path, body);
    expect(Number(response.headers.get("Retry-After"))).toBeWithin(1, 6);
    expect(await answerOf(response)).toMatchObject({
      status: 503,
      body: { detail, error: detail, message: detail, error_code: "persist_failed" },
    });
  });

  test("that has no connection free makes it 503 overloaded", async () => {
    const http = fakeHttp();
    http.store = () => Promise.reject(new StoreUnavailableError("pool", "no connection became free in time"));
    const response = await http.post("/event", aDirectBody());
    expect(Number(response.headers.get("Retry-After"))).toBeWithin(1, 6);
    expect(await answerOf(response)).toMatchObject({ status: 503, body: { error_code: "overloaded" } });
  });

  test("makes refused data 422 without its words", async () => {
    const http = fakeHttp();
    http.store = () => Promise.reject(new StoreDataError("22021", "invalid byte sequence in secret_table"));
    const response = await http.post("/event", aDirectBody());
    const text = await response.text();
    expect(response.status).toBe(422);
    expect(text).not.toContain("secret_table");
    expect(JSON.parse(text).detail[0]).toMatchObject({ type: "value_error", loc: ["body"] });
  });

  test("makes an unknown error 500 without internals, logged with its stack", async () => {
    const http = fakeHttp();
    http.store = () => Promise.reject(new TypeError("x is undefined in /srv/file.ts"));
    const response = await http.post("/event", aDirectBody());
    const text = await response.text();
    expect([response.status, JSON.parse(text).error_code]).toEqual([500, "internal_error"]);
    expect(text).not.toContain("file.ts");
    expect(http.lines).toContainEqual(
      expect.objectContaining({
        level: "error",
        event: "Request failed POST /event",
        fields: expect.objectContaining({ error: expect.any(TypeError), path: "/event" }),
      }),
    );
    expect(http.metric("error_total", { error_type: "internal_error", endpoint: "/event" })).toBe(1);
  });
});
