import { describe, expect, test } from "bun:test";
import type { RequestId, SessionId, UserId } from "../../../src/core/ids.ts";
import { type AnsweredSlate, autologImpression } from "../../../src/events/autolog.ts";
import { parseStreamEvent } from "../../../src/events/stream-event.ts";
import { encodeLogEvent } from "../../../src/events/wire.ts";

const aSlate = (over: Partial<AnsweredSlate> = {}): AnsweredSlate => ({
  requestId: "req-00000001" as RequestId,
  userId: "user-1" as UserId,
  sessionId: "s-1" as SessionId,
  items: ["item-9", "item-3"],
  nowMs: 1_767_225_600_000,
  userAgent: "Mozilla/5.0",
  ...over,
});

describe("autolog impression", () => {
  test("has the id that request, user and session give", () => {
    expect(autologImpression(aSlate()).eventId).toBe("imp-001afb64186540dfe89a532c868afd7d5bf2653d" as never);
  });

  test("keeps its id when the answer or the time differ", () => {
    const other = autologImpression(aSlate({ items: ["x"], nowMs: 1, userAgent: null }));
    expect(other.eventId).toBe(autologImpression(aSlate()).eventId);
  });

  test("shows the slate as it was answered", () => {
    expect(encodeLogEvent(autologImpression(aSlate()))).toBe(
      '{"event_id":"imp-001afb64186540dfe89a532c868afd7d5bf2653d","user_id":"user-1","session_id":"s-1",' +
        '"request_id":"req-00000001","ts_ms":1767225600000,"server_received_ts_ms":1767225600000,' +
        '"context":{"user_agent":"Mozilla/5.0"},"event_type":"impression",' +
        '"items":[{"item_id":"item-9","position":0},{"item_id":"item-3","position":1}]}',
    );
  });

  test("cuts the user agent to 512 characters", () => {
    const { context } = autologImpression(aSlate({ userAgent: "a".repeat(600) }));
    expect(context).toEqual({ user_agent: "a".repeat(512) });
  });

  test.each(["\0", "\ud800", `${"a".repeat(511)}🦊`])("is storable with the user agent %p", (userAgent) => {
    const message = JSON.parse(encodeLogEvent(autologImpression(aSlate({ userAgent }))));
    expect(parseStreamEvent("impression", message).ok).toBe(true);
  });

  test("has no context without a user agent", () => {
    expect(autologImpression(aSlate({ userAgent: null })).context).toBeNull();
  });
});
