/** The snapshot's text: what went in comes out, and nothing else is believed. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeSnapshot, encodeSnapshot } from "../../../src/recommend/popular-snapshot.ts";

const lists = fc.array(
  fc.record({ itemId: fc.string({ minLength: 1, unit: "grapheme" }), score: fc.integer({ min: 0 }) }),
);

describe("popular snapshot", () => {
  test("gives back what was saved", () => {
    fc.assert(
      fc.property(lists, (items) => {
        expect(decodeSnapshot(encodeSnapshot(items))).toEqual({ ok: true, value: items });
      }),
    );
  });

  test("keeps the first thousand items", () => {
    const items = Array.from({ length: 1_200 }, (_, n) => ({ itemId: `i${n}`, score: 1_200 - n }));
    expect(decodeSnapshot(encodeSnapshot(items))).toEqual({ ok: true, value: items.slice(0, 1_000) });
  });

  test("is refused when any byte of it was changed", () => {
    const text = encodeSnapshot([
      { itemId: "i1", score: 21 },
      { itemId: "i2", score: 13 },
    ]);
    fc.assert(
      fc.property(
        fc.nat({ max: text.trimEnd().length - 1 }),
        fc.constantFrom("0", "1", "x", '"', "]"),
        (at, letter) => {
          fc.pre(text[at] !== letter);
          expect(decodeSnapshot(text.slice(0, at) + letter + text.slice(at + 1)).ok).toBe(false);
        },
      ),
    );
  });

  test.each([
    ["nothing", ""],
    ["a cut-off file", encodeSnapshot([{ itemId: "i1", score: 1 }]).slice(0, 40)],
    ["another document", '{"items":[]}'],
    ["null", "null"],
    ["a later format", '{"format":2,"sha256":"","items":[]}'],
    ["items of another shape", '{"format":1,"sha256":"","items":[["a"]]}'],
  ])("refuses %s", (_, text) => {
    expect(decodeSnapshot(text).ok).toBe(false);
  });
});
