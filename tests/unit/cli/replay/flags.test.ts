/** Which texts the replay flags take. */

import { describe, expect, test } from "bun:test";
import { InvalidArgumentError } from "commander";
import { limit, parseInstant } from "../../../../src/cli/replay/flags.ts";

describe("a time", () => {
  test.each([
    ["2026-01-31", 1_769_817_600_000],
    ["2026-01-31T10:00:00Z", 1_769_853_600_000],
    ["2026-01-31T10:00:00.250Z", 1_769_853_600_250],
    ["2026-01-31T12:00+02:00", 1_769_853_600_000],
    ["1769853600000", 1_769_853_600_000],
  ])("may be %s", (text, ms) => {
    expect(parseInstant(text)).toBe(ms);
  });

  test.each(["", "yesterday", "2026-01-31T10:00:00", "2026-13-01", "31.01.2026", "-5", "1e3"])(
    "may not be %p",
    (text) => {
      expect(() => parseInstant(text)).toThrow(InvalidArgumentError);
    },
  );
});

describe("a limit", () => {
  const parse = (text: string) => limit(100).parseArg?.(text, 100);

  test("is a whole number up to a hundred thousand", () => {
    expect(parse("1")).toBe(1);
    expect(parse("100000")).toBe(100_000);
  });

  test.each(["0", "100001", "-1", "1.5", "ten", ""])("is not %p", (text) => {
    expect(() => parse(text)).toThrow(InvalidArgumentError);
  });
});
