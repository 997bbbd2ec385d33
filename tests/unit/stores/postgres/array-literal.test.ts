import { describe, expect, test } from "bun:test";
import { numberArray, textArray } from "../../../../src/stores/postgres/array-literal.ts";

describe("array literals", () => {
  test("quote every text, escape quotes and backslashes, and keep nulls apart from the word", () => {
    expect(textArray(["a", 'say "hi"', "back\\slash", "null", "", null, "{x,y}"])).toBe(
      String.raw`{"a","say \"hi\"","back\\slash","null","",null,"{x,y}"}`,
    );
  });

  test("write numbers, big numbers and booleans plainly", () => {
    expect(numberArray([1, 2.5, 9_007_199_254_740_993n, true, null])).toBe(
      "{1,2.5,9007199254740993,true,null}",
    );
  });

  test("of nothing are empty arrays", () => {
    expect([textArray([]), numberArray([])]).toEqual(["{}", "{}"]);
  });
});
