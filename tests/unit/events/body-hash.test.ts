import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import type { RequestId, SessionId, UserId } from "../../../src/core/ids.ts";
import { autologImpression } from "../../../src/events/autolog.ts";
import { bodyHash, slateHash } from "../../../src/events/body-hash.ts";
import {
  aContext,
  accepted,
  aDirectBody,
  anImpressionBody,
  aWatchBody,
  RECEIVED_MS,
  TS_MS,
} from "./bodies.ts";

const hex = (hash: Uint8Array) => Buffer.from(hash).toString("hex");
const hashOf = (route: "direct" | "watch" | "impression", body: object, nowMs = RECEIVED_MS) =>
  hex(bodyHash(accepted(route, body, aContext({ nowMs }))));

describe("body hash", () => {
  test("does not depend on the order of keys", () => {
    const members = { device: "tv", locale: "de" };
    const body = aWatchBody({ context: members, ended: true, event_id: "watch-ev-1" });
    const entries = Object.entries(body);
    fc.assert(
      fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (shuffled) => {
        const context = Object.fromEntries(Object.entries(members).reverse());
        expect(hashOf("watch", { ...Object.fromEntries(shuffled), context })).toBe(hashOf("watch", body));
      }),
    );
  });

  test.each([
    ["a number as text", { watch_time_sec: "10.0" }],
    ["seconds", { ts_ms: TS_MS / 1000 }],
    ["a default spelt out", { event_type: "watch" }],
    ["a null member", { ended: null }],
    ["another receive time of the client", { server_received_ts_ms: 77 }],
  ])("is the same with %s", (_, over) => {
    expect(hashOf("watch", aWatchBody(over))).toBe(hashOf("watch", aWatchBody()));
  });

  test("does not depend on when the server received the event", () => {
    expect(hashOf("watch", aWatchBody(), RECEIVED_MS + 999)).toBe(hashOf("watch", aWatchBody()));
  });

  test.each([
    ["direct", aDirectBody(), aDirectBody({ event_type: "click" })],
    ["watch", aWatchBody(), aWatchBody({ context: { device: "tv" } })],
    ["impression", anImpressionBody(), anImpressionBody({ items: [{ item_id: "i-1", position: 1 }] })],
  ] as const)("tells two %s bodies apart", (route, one, other) => {
    expect(hashOf(route, one)).not.toBe(hashOf(route, other));
  });

  test("is the SHA-256 of the client's fields as JSON with sorted keys", () => {
    const text = `{"event_id":"direct-01","event_type":"view","item_id":"i-1","ts":${TS_MS},"user_id":"u-1"}`;
    const expected = createHash("sha256").update(text).digest("hex");
    expect(hashOf("direct", aDirectBody({ event_id: "direct-01" }))).toBe(expected);
  });
});

describe("slate hash", () => {
  const slate = (over: object = {}) =>
    autologImpression({
      requestId: "req-00000001" as RequestId,
      userId: "user-1" as UserId,
      sessionId: "s-1" as SessionId,
      items: ["a", "b"],
      nowMs: RECEIVED_MS,
      userAgent: null,
      ...over,
    });
  const hash = (over?: object) => hex(slateHash(slate(over)));

  test("is the same for a retry at another time by another client version", () => {
    expect(hash({ nowMs: RECEIVED_MS + 5000, userAgent: "curl" })).toBe(hash());
  });

  test("differs when the items or their order do", () => {
    expect(new Set([hash(), hash({ items: ["b", "a"] }), hash({ items: ["a"] })]).size).toBe(3);
  });
});
