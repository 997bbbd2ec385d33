import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { instantField } from "../../../src/events/time-window.ts";

const WINDOW = { nowMs: 1_767_225_600_123, maxEventFutureMs: 300_000, maxEventAgeMs: 2_592_000_000 };
const LATEST_MS = WINDOW.nowMs + WINDOW.maxEventFutureMs;
const EARLIEST_MS = WINDOW.nowMs - WINDOW.maxEventAgeMs;

const field = instantField("ts_ms");
const isInside = (tsMs: number) => field.read(tsMs, WINDOW).ok;

describe("time window", () => {
  test("includes both of its edges and nothing beyond them", () => {
    expect([LATEST_MS, LATEST_MS + 1, EARLIEST_MS, EARLIEST_MS - 1].map(isInside)).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  test("brings seconds to milliseconds before it looks", () => {
    expect(field.read(1_767_225_600, WINDOW)).toEqual({ ok: true, value: 1_767_225_600_000 });
  });

  test.each([
    [1e12, 1e12],
    [1e12 - 1, (1e12 - 1) * 1000],
  ])("takes %p as %p ms", (given, expected) => {
    expect(field.read(given, null)).toEqual({ ok: true, value: expected });
  });

  test.each([
    [LATEST_MS + 1, "Value error, ts_ms is more than 300000 ms in the future"],
    [EARLIEST_MS - 1, "Value error, ts_ms is more than 2592000000 ms in the past"],
  ])("names the field and the limit for %p", (given, msg) => {
    const parsed = field.read(given, WINDOW);
    expect(parsed.ok ? null : parsed.error[0]?.msg).toBe(msg);
  });

  test("takes any positive instant where there is no window", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        (given) => field.read(given, null).ok,
      ),
    );
  });
});
