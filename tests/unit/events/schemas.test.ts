import { describe, expect, test } from "bun:test";
import { parseJson } from "../../../src/core/json.ts";
import { encodeLogEvent } from "../../../src/events/wire.ts";
import {
  aContext,
  accepted,
  aDirectBody,
  anImpressionBody,
  aWatchBody,
  BODIES,
  type EventRoute,
  fixtureLines,
  RECEIVED_MS,
  refusals,
  TS_MS,
} from "./bodies.ts";

interface Refused {
  readonly why: string;
  readonly route: EventRoute;
  readonly change: object;
  readonly issues: string[];
}

const REFUSED: Refused[] = fixtureLines("refused-bodies.jsonl").map((line) => JSON.parse(line));

/** The route's smallest valid body with these members changed, as it comes out of a JSON reader. */
function changed({ route, change }: Refused): unknown {
  const members = [...Object.entries(BODIES[route]), ...Object.entries(change)];
  const kept = new Map(members.filter(([name]) => (change as Record<string, unknown>)[name] !== "<absent>"));
  return Object.fromEntries(kept);
}

describe("event body", () => {
  test.each(REFUSED)("is refused when $why", (refused) => {
    expect(refusals(refused.route, changed(refused))).toEqual(refused.issues);
  });

  test.each(["null", "1", '"text"', "[]", "[{}]"])("is refused when it is %s", (text) => {
    const body = JSON.parse(text);
    expect(refusals("direct", body)).toEqual(["value_error body"]);
  });

  test("is refused when it has more than 1000 keys", () => {
    const extras = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`extra-${index}`, 1]));
    expect(refusals("direct", aDirectBody(extras))).toEqual(["too_long body"]);
  });

  test("is refused when it holds more than 500 items", () => {
    const items = Array.from({ length: 501 }, (_, position) => ({ item_id: position, position }));
    expect(refusals("impression", anImpressionBody({ items }))).toEqual(["too_long body.items"]);
    expect(refusals("impression", anImpressionBody({ items: items.slice(1) }))).toEqual([]);
  });

  test("keeps the names of inheritance that a JSON reader makes own members", () => {
    const parsed = parseJson(`{"__proto__":{"user_id":"u"},"item_id":"i","event_type":"view","ts":${TS_MS}}`);
    expect(parsed.ok && refusals("direct", parsed.value)).toEqual([
      "missing body.user_id",
      "extra_forbidden body.__proto__",
    ]);
  });
});

describe("direct event", () => {
  test("comes out normalised", () => {
    expect(
      accepted("direct", { user_id: 42, item_id: "i-1", event_type: "click", ts: "1767225600" }),
    ).toEqual({
      kind: "direct",
      eventId: "generated-id",
      userId: "42",
      itemId: "i-1",
      signal: "click",
      tsMs: TS_MS,
    } as never);
  });

  test("keeps the client's event id", () => {
    expect(accepted("direct", aDirectBody({ event_id: "client-1" })).eventId).toBe("client-1" as never);
  });
});

describe("log event", () => {
  test("is stamped with the server's receive time, whatever the client says", () => {
    expect(accepted("watch", aWatchBody({ server_received_ts_ms: 5 })).serverReceivedTsMs).toBe(RECEIVED_MS);
  });

  test("takes a null of an optional field as its absence", () => {
    const nulls = {
      context: null,
      percent_watched: null,
      ended: null,
      playback_speed: null,
      rebuffer_count: null,
    };
    expect(accepted("watch", aWatchBody(nulls))).toEqual(accepted("watch", aWatchBody()));
  });

  test("leaves null members of a context out", () => {
    const context = { device: "tv", locale: null };
    expect(accepted("watch", aWatchBody({ context })).context).toEqual({ device: "tv" });
  });

  test.each(fixtureLines("accepted-bodies.jsonl").map((line) => JSON.parse(line)))(
    "becomes line $message of the stream messages",
    ({ route, body, message }: { route: "watch" | "impression"; body: unknown; message: number }) => {
      expect(encodeLogEvent(accepted(route, body))).toBe(
        fixtureLines("stream-messages.jsonl")[message - 1] as string,
      );
    },
  );
});

describe("batch", () => {
  const refusedBatch = (...events: unknown[]) => refusals("batch", { events });

  test("tells members apart by their type, then by their items", () => {
    let made = 0;
    const context = aContext({ newEventId: () => `generated-${made++}` as never });
    const events = [aWatchBody({ event_type: "watch" }), anImpressionBody(), aWatchBody()];
    expect(accepted("batch", { events }, context).map(({ kind }) => kind)).toEqual([
      "watch",
      "impression",
      "watch",
    ]);
  });

  test("reports every bad member at its index", () => {
    const events = [
      aWatchBody({ user_id: "" }),
      anImpressionBody({ items: [{ item_id: "i", position: "x" }] }),
      "text",
    ];
    expect(refusedBatch(...events)).toEqual([
      "string_too_short body.events.0.user_id",
      "int_parsing body.events.1.items.0.position",
      "value_error body.events.2",
    ]);
  });

  test("refuses a type that is not streamed", () => {
    expect(refusedBatch(aWatchBody({ event_type: "view" }))).toEqual([
      "literal_error body.events.0.event_type",
    ]);
  });

  test("refuses the second of two equal event ids, even of different types", () => {
    const events = [aWatchBody({ event_id: "same-id-1" }), anImpressionBody({ event_id: "same-id-1" })];
    expect(refusedBatch(...events)).toEqual(["value_error body.events.1.event_id"]);
  });

  test.each([
    [{}, "missing body.events"],
    [{ events: [] }, "too_short body.events"],
    [{ events: [1, 2, 3, 4] }, "too_long body.events"],
    [{ events: {} }, "value_error body.events"],
    [{ events: [aWatchBody()], dry_run: true }, "extra_forbidden body.dry_run"],
  ])("refuses %p", (body, issue) => {
    expect(refusals("batch", body)).toEqual([issue]);
  });

  test("lists at most 1000 issues", () => {
    const limits = { ...aContext().limits, maxBatchSize: 3000 };
    const events = Array.from({ length: 3000 }, () => ({}));
    expect(refusals("batch", { events }, aContext({ limits }))).toHaveLength(1000);
  });
});
