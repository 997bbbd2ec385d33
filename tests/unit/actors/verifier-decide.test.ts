/** Which windows the verifier may judge, and how wide they are. */

import { describe, expect, test } from "bun:test";
import {
  acknowledgedRange,
  horizonsAt,
  MIN_WIDTH_MS,
  nextWidthMs,
  publishedRange,
  retentionsOf,
} from "../../../src/actors/verifier-decide.ts";
import { configOf } from "../cli/doctor/configs.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW_MS = 1_800_000_000_000;
const keep = retentionsOf(configOf());
const caughtUp = { publishedMs: NOW_MS - 5_000, acknowledgedMs: NOW_MS - 9_000 };

describe("what was acknowledged", () => {
  test("is judged up to where everything was published and passed, as far back as markers and facts last", () => {
    const { fromMs, toMs } = acknowledgedRange(NOW_MS, caughtUp, keep, 0);
    expect(toMs).toBe(caughtUp.acknowledgedMs);
    expect(fromMs).toBe(NOW_MS - 14 * DAY_MS + HOUR_MS);
  });

  test("is not judged from before the verifier", () => {
    expect(acknowledgedRange(NOW_MS, caughtUp, keep, NOW_MS - HOUR_MS).fromMs).toBe(NOW_MS - HOUR_MS);
  });

  test("is left alone where its row may be purged and consumers have not come so far", () => {
    const behindMs = NOW_MS - 72 * HOUR_MS;
    const behind = { publishedMs: behindMs, acknowledgedMs: behindMs };
    const { fromMs, toMs } = acknowledgedRange(NOW_MS, behind, keep, 0);
    expect(fromMs).toBeGreaterThanOrEqual(toMs);
    const closer = { publishedMs: behindMs + 2 * HOUR_MS, acknowledgedMs: behindMs + HOUR_MS };
    expect(acknowledgedRange(NOW_MS, closer, keep, 0).fromMs).toBe(NOW_MS - 14 * DAY_MS + HOUR_MS);
  });

  test("ends with the shortest retention of what it is compared with", () => {
    const shorter = retentionsOf(configOf({ FACT_RETENTION_DAYS: "2" }));
    expect(acknowledgedRange(NOW_MS, caughtUp, shorter, 0).fromMs).toBe(NOW_MS - 2 * DAY_MS + HOUR_MS);
  });

  test("is not judged before anything was passed", () => {
    const { fromMs, toMs } = acknowledgedRange(NOW_MS, { publishedMs: 0, acknowledgedMs: 0 }, keep, 0);
    expect(fromMs).toBeGreaterThan(toMs);
  });
});

test("what was published is judged up to where consumers have passed, as far back as markers last", () => {
  expect(publishedRange(NOW_MS, caughtUp, keep, 0)).toEqual({
    fromMs: NOW_MS - 14 * DAY_MS + HOUR_MS,
    toMs: caughtUp.publishedMs,
  });
  expect(publishedRange(NOW_MS, caughtUp, keep, NOW_MS - 1).fromMs).toBe(NOW_MS - 1);
});

describe("events", () => {
  test("of an age that retention removes are not asked for", () => {
    const { eventsFromMs, directFromMs } = horizonsAt(NOW_MS, keep);
    expect(eventsFromMs).toBe(NOW_MS - 180 * DAY_MS + HOUR_MS);
    // An event of 30 days that was acknowledged then is just young enough.
    expect(directFromMs).toBe(eventsFromMs + 30 * DAY_MS);
  });

  test("are kept for a month at least, and for ever when nothing is removed", () => {
    const month = horizonsAt(NOW_MS, retentionsOf(configOf({ FACT_RETENTION_DAYS: "1" })));
    expect(month.eventsFromMs).toBe(NOW_MS - 31 * DAY_MS + HOUR_MS);
    const ever = horizonsAt(NOW_MS, retentionsOf(configOf({ FACT_RETENTION_DAYS: "0" })));
    expect(ever).toEqual({ eventsFromMs: 0, directFromMs: 0 });
  });
});

describe("a window", () => {
  test("widens after a quick search, narrows after a slow one, and most after one that was cut off", () => {
    expect(nextWidthMs(60_000, 10)).toBe(120_000);
    expect(nextWidthMs(60_000, 250)).toBe(60_000);
    expect(nextWidthMs(60_000, 900)).toBe(30_000);
    expect(nextWidthMs(60_000, null)).toBe(7_500);
  });

  test("stays between a second and a day", () => {
    expect(nextWidthMs(MIN_WIDTH_MS, null)).toBe(MIN_WIDTH_MS);
    expect(nextWidthMs(DAY_MS, 1)).toBe(DAY_MS);
  });
});
