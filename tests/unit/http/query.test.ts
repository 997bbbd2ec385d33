import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { eachParameter, queryOf } from "../../../src/http/query.ts";

function parse(query: string): [string, string | null][] {
  const pairs: [string, string | null][] = [];
  eachParameter(query, (name, value) => pairs.push([name, value]));
  return pairs;
}

describe("query", () => {
  test("takes what stands between the question mark and the fragment", () => {
    expect(queryOf("http://h/reco?a=1&b=2#?c=3")).toBe("a=1&b=2");
    expect(queryOf("http://h/reco#x?a=1")).toBe("");
    expect(queryOf("http://h/reco")).toBe("");
  });

  test("reads names and values in order, decoded once", () => {
    expect(parse("a=1&b=x%26y+z&a=%2525&flag&=none&&c==")).toEqual([
      ["a", "1"],
      ["b", "x&y z"],
      ["a", "%25"],
      ["flag", ""],
      ["c", "="],
    ]);
  });

  test("gives null for a value whose encoding is not UTF-8", () => {
    expect(parse("a=%ff&b=%zz&c=%&%ff=x")).toEqual([
      ["a", null],
      ["b", null],
      ["c", null],
    ]);
  });

  test("reads what URLSearchParams writes", () => {
    const pair = fc.tuple(fc.string({ unit: "grapheme", minLength: 1 }), fc.string({ unit: "grapheme" }));
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        expect(parse(new URLSearchParams(pairs).toString())).toEqual(pairs);
      }),
    );
  });
});
