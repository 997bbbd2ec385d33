/** When a child counts as unresponsive. */

import { describe, expect, test } from "bun:test";
import {
  beaten,
  FRESH_PULSE,
  type Pulse,
  ticked,
  unresponsiveness,
} from "../../../src/supervisor/heartbeat.ts";

const LIMIT = 3;
const after = (...beats: { progress: number; busy: boolean }[]) =>
  unresponsiveness(
    beats.reduce<Pulse>((pulse, beat) => beaten(ticked(pulse), beat), FRESH_PULSE),
    LIMIT,
  );
const idle = { progress: 0, busy: false };
const stuck = { progress: 0, busy: true };

describe("heartbeat", () => {
  test("misses up to the limit are forgiven, the limit is not", () => {
    const missed = (count: number) =>
      unresponsiveness(
        Array.from({ length: count }).reduce<Pulse>((pulse) => ticked(pulse), FRESH_PULSE),
        LIMIT,
      );
    expect([missed(2), missed(3)]).toEqual([null, "unresponsive: 3 heartbeats missed"]);
  });

  test("an idle child need not progress", () => {
    expect(after(idle, idle, idle, idle, idle)).toBeNull();
  });

  test("a busy child that progresses is well", () => {
    expect(after(stuck, stuck, stuck, { progress: 1, busy: true }, { progress: 1, busy: true })).toBeNull();
  });

  test("a busy child without progress is stuck", () => {
    expect(after(stuck, stuck, stuck, stuck)).toBe(
      "unresponsive: work waits and 3 heartbeats showed no progress",
    );
  });
});
