import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseStreamEvent, streamEventId } from "../../../src/events/stream-event.ts";
import { encodeLogEvent, restoreLogEvent } from "../../../src/events/wire.ts";
import { accepted, anImpressionBody, aWatchBody, fixtureLines, TS_MS } from "./bodies.ts";

const MESSAGES = fixtureLines("stream-messages.jsonl");

/** The event of a message; fails the test with the issues when it is none. */
function decode(message: Record<string, unknown>) {
  const parsed = parseStreamEvent(message["event_type"] as "watch", message);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

const reversed = (value: Record<string, unknown>) => Object.fromEntries(Object.entries(value).reverse());

function deeplyReversed(value: Record<string, unknown>): Record<string, unknown> {
  const deep = (member: unknown): unknown => {
    if (Array.isArray(member)) return member.map(deep);
    return member !== null && typeof member === "object" ? deeplyReversed(member as typeof value) : member;
  };
  return Object.fromEntries(Object.entries(reversed(value)).map(([name, member]) => [name, deep(member)]));
}

describe("stream message", () => {
  test.each(MESSAGES)("is written again byte for byte: %s", (line) => {
    expect(encodeLogEvent(decode(JSON.parse(line)))).toBe(line);
  });

  test.each(MESSAGES)("gets its key order back after a store lost it: %s", (line) => {
    expect(encodeLogEvent(decode(reversed(JSON.parse(line))))).toBe(line);
  });

  test.each(MESSAGES)("gets it back without being read: %s", (line) => {
    const stored = deeplyReversed(JSON.parse(line));
    expect(restoreLogEvent(stored["event_type"] as "watch", stored)).toBe(line);
  });

  test.each([
    ["a member of another version", { extra: 1 }],
    ["null for a member", { context: null }],
    ["an unknown member of the context", { context: { shoe_size: 43 } }],
    ["items that are no list", { items: {} }],
    ["an unknown member of an item", { items: [{ item_id: "i-1", position: 0, colour: "red" }] }],
    ["an item that is no object", { items: ["i-1"] }],
  ])("is not restored with %s", (_, over) => {
    const message = JSON.parse(MESSAGES.find((line) => line.includes("impression")) as string);
    expect(restoreLogEvent("impression", { ...message, ...over })).toBeNull();
  });

  test("is ASCII and comes back as the event it was", () => {
    const text = fc.option(fc.string({ unit: "grapheme", maxLength: 20 }));
    const fields = fc.record({
      watch_time_sec: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
      percent_watched: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
      ended: fc.option(fc.boolean()),
      rebuffer_count: fc.option(fc.nat()),
      context: fc.option(fc.record({ referrer: text, device: text })),
    });
    fc.assert(
      fc.property(fields, (over) => {
        const event = accepted("watch", aWatchBody(over));
        const line = encodeLogEvent(event);
        expect(line).toMatch(/^[\x20-\x7f]*$/);
        expect(decode(JSON.parse(line)) as typeof event).toEqual(event);
      }),
    );
  });

  test("has no time window", () => {
    const line = { ...JSON.parse(MESSAGES[0] as string), ts_ms: 1e12 };
    expect(decode(line).tsMs).toBe(1e12);
  });

  test("must carry its event id", () => {
    const parsed = parseStreamEvent("impression", anImpressionBody());
    expect(parsed.ok ? null : parsed.error.map(({ type, loc }) => [type, ...loc])).toEqual([
      ["missing", "event_id"],
    ]);
  });

  test("was received when it happened, if it does not say", () => {
    expect(decode(aWatchBody({ event_id: "watch-ev-1", event_type: "watch" })).serverReceivedTsMs).toBe(
      TS_MS,
    );
  });

  test("is refused under the topic of the other type", () => {
    expect(parseStreamEvent("impression", JSON.parse(MESSAGES[0] as string)).ok).toBe(false);
  });

  test("is marked as consumed under its type and id", () => {
    expect(MESSAGES.map((line) => streamEventId(decode(JSON.parse(line))))).toEqual([
      "watch-watch-ev-0001",
      "impression-imp-ev-00001",
      "watch-watch-ev-0002",
    ]);
  });
});
