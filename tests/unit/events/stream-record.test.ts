/** Every record is a watch, an impression, ignored or a dead letter with its reason. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { LogRecord } from "../../../src/events/ports.ts";
import { decideRecord, type TopicKinds } from "../../../src/events/stream-record.ts";
import { encodeLogEvent } from "../../../src/events/wire.ts";
import { anImpressionEvent, aWatchEvent, impressionItems, NOW_MS } from "../../support/plans.ts";

const KINDS: TopicKinds = new Map([
  ["watches", "watch"],
  ["impressions", "impression"],
]);

const aRecord = (value: string | Uint8Array | null, over: Partial<LogRecord> = {}): LogRecord => ({
  topic: "watches",
  topicId: "t-1",
  partition: 0,
  offset: 0n,
  key: Buffer.from("u-1"),
  value: typeof value === "string" ? Buffer.from(value) : value,
  headers: {},
  timestampMs: NOW_MS,
  ...over,
});
const classOf = (record: LogRecord) => {
  const entry = decideRecord(record, KINDS);
  return entry.kind === "dead" ? entry.letter.errorClass : entry.kind;
};

describe("decideRecord", () => {
  test("makes a watch an interaction under its stream id, no later than it was received", () => {
    const event = aWatchEvent({ eventId: "watch-ev-1", watchTimeSec: 60, tsMs: NOW_MS + 5_000 });

    expect(decideRecord(aRecord(encodeLogEvent(event)), KINDS)).toMatchObject({
      kind: "watch",
      streamEventId: "watch-watch-ev-1",
      interaction: {
        eventId: "watch-watch-ev-1",
        userId: "u-1",
        itemId: "i-1",
        signal: "click",
        tsMs: NOW_MS,
        origin: "stream",
      },
    });
  });

  test("makes an impression the items it showed", () => {
    const event = anImpressionEvent({ eventId: "imp-ev-01", items: impressionItems("i-1", "i-2") });

    expect(decideRecord(aRecord(encodeLogEvent(event), { topic: "impressions" }), KINDS)).toMatchObject({
      kind: "impression",
      streamEventId: "impression-imp-ev-01",
      items: [
        { itemId: "i-1", position: 0 },
        { itemId: "i-2", position: 1 },
      ],
    });
  });

  test("accepts an event of any age", () => {
    const old = aWatchEvent({ eventId: "watch-old", tsMs: 1_000, serverReceivedTsMs: 2_000 });

    expect(classOf(aRecord(encodeLogEvent(old)))).toBe("watch");
  });

  test.each([
    ["no value", null, "not_json"],
    ["no bytes", "", "not_json"],
    ["broken JSON", "{", "not_json"],
    ["bytes that are not UTF-8", Uint8Array.from([0x22, 0xff, 0x22]), "not_json"],
    ["JSON nested too deep", "[".repeat(100), "not_json"],
    ["null", "null", "not_object"],
    ["a list", "[{}]", "not_object"],
    ["a number", "1e400", "not_object"],
    ["an object that is no event", "{}", "schema"],
    ["a field too many", encodeLogEvent(aWatchEvent()).replace("{", '{"extra":1,'), "schema"],
    ["an event of another topic", encodeLogEvent(anImpressionEvent()), "schema"],
  ] as const)("gives up on %s", (_, value, errorClass) => {
    expect(classOf(aRecord(value))).toBe(errorClass);
  });

  test("gives up on a schema version that this build does not know, and keeps the event's id", () => {
    const record = aRecord(encodeLogEvent(aWatchEvent({ eventId: "version-2" })), {
      headers: { schema_version: "2" },
    });

    expect(decideRecord(record, KINDS)).toMatchObject({
      kind: "dead",
      letter: { errorClass: "unknown_schema_version", eventId: "version-2", retryCount: 1 },
    });
  });

  test.each([
    ["a topic", aRecord("{", { topic: "other" })],
    ["an event type", aRecord('{"event_type":"rating"}')],
  ])("ignores %s that this build does not handle", (_, record) => {
    expect(classOf(record)).toBe("ignored");
  });

  test("decides about any bytes without throwing", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          expect(["dead", "ignored", "watch"]).toContain(decideRecord(aRecord(bytes), KINDS).kind);
        },
      ),
    );
  });
});
