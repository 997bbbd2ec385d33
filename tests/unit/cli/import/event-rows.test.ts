import { describe, expect, test } from "bun:test";
import { eventRowParser, hashedEventId } from "../../../../src/cli/import/event-rows.ts";
import { ratingEventId } from "../../../../src/cli/import/movielens.ts";
import { NOW_MS } from "../../../support/plans.ts";

const options = {
  plan: {
    topics: { impressions: "topic.impressions", watches: "topic.watches" },
    outboxPartitions: 64,
    maxAttempts: 25,
    maxEventBytes: 2_000,
  },
  nowMs: NOW_MS,
  maxEventFutureMs: 300_000,
  idOf: hashedEventId,
};

const eventOf = (fields: Record<string, unknown>) => {
  const parsed = eventRowParser(options)(fields);
  return parsed.ok ? parsed.value.event : parsed.error;
};

const direct = { user_id: "u-1", item_id: "i-1", event_type: "click", ts: "1500000000" };
const log = { user_id: "u-1", session_id: "s-1", request_id: "req-1", ts_ms: NOW_MS };

describe("eventRowParser", () => {
  test("reads an interaction of any age from CSV cells", () => {
    expect(eventOf({ ...direct, event_id: "event-0001" })).toMatchObject({
      kind: "direct",
      eventId: "event-0001",
      signal: "click",
      tsMs: 1_500_000_000_000,
    });
  });

  test("reads a watch by its type, from CSV cells", () => {
    const watch = {
      ...log,
      event_type: "watch",
      item_id: "i-1",
      watch_time_sec: "12.5",
      ended: "yes",
      rebuffer_count: "2",
    };
    expect(eventOf(watch)).toMatchObject({
      kind: "watch",
      watchTimeSec: 12.5,
      ended: true,
      rebufferCount: 2,
      serverReceivedTsMs: NOW_MS,
    });
  });

  test("knows a watch and an impression without their type by what only they have", () => {
    const watch = eventOf({ ...log, item_id: "i-1", watch_time_sec: 3 });
    const impression = eventOf({ ...log, items: [{ item_id: "i-1", position: 0 }] });
    expect([watch, impression]).toMatchObject([{ kind: "watch" }, { kind: "impression" }]);
  });

  test("plans an outbox message for log events only", () => {
    const parse = eventRowParser(options);
    const plans = [direct, { ...log, item_id: "i-1", watch_time_sec: 3 }].map((fields) => parse(fields));
    expect(plans.map((plan) => plan.ok && plan.value.outbox?.topic)).toEqual([undefined, "topic.watches"]);
  });

  test.each([
    ["a missing user", { ...direct, user_id: undefined }, "user_id: Field required"],
    ["an unknown column", { ...direct, rating: "5" }, "rating: Extra inputs are not permitted"],
    ["an unknown type", { ...direct, event_type: "like" }, "event_type: Input should be 'view'"],
    [
      "a time in the far future",
      { ...direct, ts: NOW_MS + 300_001 },
      "ts is more than 300000 ms in the future",
    ],
    ["a time in microseconds", { ...direct, ts: NOW_MS * 1000 }, "ts is more than 300000 ms in the future"],
    ["a short event id", { ...direct, event_id: "short" }, "event_id: String should have at least 8"],
    [
      "a message that is too large",
      {
        ...log,
        item_id: "i-1",
        watch_time_sec: 1,
        context: Object.fromEntries(
          ["device", "platform", "locale", "referrer"].map((key) => [key, "x".repeat(500)]),
        ),
      },
      "larger than 2000 bytes",
    ],
  ])("refuses %s", (_, fields, reason) => {
    expect(eventOf(fields)).toContain(reason);
  });

  test("names all that is wrong with a line", () => {
    expect(eventOf({ user_id: "u-1", ts: "soon" })).toBe(
      "item_id: Field required; event_type: Field required; ts: Input should be a valid integer",
    );
  });

  test("takes MovieLens ids shorter than those of clients", () => {
    const parse = eventRowParser({ ...options, idOf: ratingEventId });
    const parsed = parse({ ...direct, user_id: "1", item_id: "3" });
    expect(parsed.ok && parsed.value.event.eventId).toBe("ml-1-3" as never);
  });
});

describe("hashedEventId", () => {
  test("is 32 hex characters that depend on the values and not on the order of columns", () => {
    const id = hashedEventId({ a: "1", b: "2" });
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(hashedEventId({ b: "2", a: "1" })).toBe(id);
    expect(hashedEventId({ a: "1", b: "3" })).not.toBe(id);
  });
});
