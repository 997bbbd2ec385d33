import { describe, expect, test } from "bun:test";
import type { Signal } from "../../../src/events/model.ts";
import { watchSignal } from "../../../src/events/watch-signal.ts";

const CASES: [seconds: number, percent: number | null, signal: Signal][] = [
  [0, null, "view"],
  [29.9, 39.9, "view"],
  [30, null, "click"],
  [0, 40, "click"],
  [119.9, 79.9, "click"],
  [120, null, "purchase"],
  [0, 80, "purchase"],
  [120, 0, "purchase"],
];

describe("watch signal", () => {
  test.each(CASES)("%p s and %p %% is a %s", (seconds, percent, signal) => {
    expect(watchSignal(seconds, percent)).toBe(signal);
  });
});
