import { describe, expect, test } from "bun:test";
import { round3 } from "../../../src/http/reply.ts";

describe("rounding", () => {
  test.each([
    [1.23456, 1.235],
    [-1.0006, -1.001],
    [7, 7],
    [Number.MAX_VALUE, Number.MAX_VALUE],
  ])("of %d to 3 decimals is %d", (value, rounded) => {
    expect(round3(value)).toBe(rounded);
  });
});
