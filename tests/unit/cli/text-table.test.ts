import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { alignColumns, describeDuration, hangingText } from "../../../src/cli/text-table.ts";

describe("columns", () => {
  test("are as wide as their widest cell, without blanks at the end of a line", () => {
    expect(
      alignColumns([
        ["A", "LONG", "C"],
        ["aaaa", "b", ""],
      ]),
    ).toEqual(["A     LONG  C", "aaaa  b"]);
  });
});

describe("text after a label", () => {
  test("hangs below its own beginning", () => {
    const text = "a".repeat(40);
    expect(hangingText("label  ", `${text} ${text}`)).toBe(`label  ${text}\n       ${text}`);
  });

  test("keeps every word, in lines of at most 80 characters unless one word is longer", () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,30}$/), { minLength: 1 });
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{0,20} {2}$/), words, (label, texts) => {
        const lines = hangingText(label, texts.join(" ")).split("\n");
        expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
        expect(lines.flatMap((line) => line.slice(label.length).split(" "))).toEqual(texts);
        expect(lines.slice(1).every((line) => line.startsWith(" ".repeat(label.length)))).toBe(true);
      }),
    );
  });
});

describe("a duration", () => {
  test.each([
    [0, "0 s"],
    [0.9, "0 s"],
    [59, "59 s"],
    [60, "1 min"],
    [185, "3 min 5 s"],
    [3_600, "1 h"],
    [11_520, "3 h 12 min"],
    [3_605, "1 h"],
    [187_200, "2 d 4 h"],
  ])("of %p s is %p", (seconds, text) => {
    expect(describeDuration(seconds)).toBe(text);
  });
});
