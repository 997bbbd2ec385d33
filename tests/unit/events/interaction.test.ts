import { describe, expect, test } from "bun:test";
import { effectiveInteraction } from "../../../src/events/interaction.ts";
import { aDirectEvent, aWatchEvent, NOW_MS } from "../../support/plans.ts";

describe("interaction", () => {
  test("of a direct event keeps its own id and signal", () => {
    const event = aDirectEvent({ eventId: "direct-0001", signal: "purchase" });
    expect(effectiveInteraction(event, NOW_MS)).toEqual({
      eventId: "direct-0001",
      userId: "u-1",
      itemId: "i-1",
      signal: "purchase",
      tsMs: NOW_MS,
      origin: "direct",
    });
  });

  test("of a watch has the stream's id and the signal of what was watched", () => {
    expect(effectiveInteraction(aWatchEvent({ eventId: "log-0001", percentWatched: 40 }), 0)).toEqual({
      eventId: "watch-log-0001",
      userId: "u-1",
      itemId: "i-1",
      signal: "click",
      tsMs: NOW_MS,
      origin: "stream",
    });
  });

  test("never happens after it was received", () => {
    const late = [
      effectiveInteraction(aDirectEvent({ tsMs: NOW_MS + 60_000 }), NOW_MS),
      effectiveInteraction(aWatchEvent({ tsMs: NOW_MS + 60_000 }), NOW_MS + 90_000),
    ];
    expect(late.map(({ tsMs }) => tsMs)).toEqual([NOW_MS, NOW_MS]);
  });
});
