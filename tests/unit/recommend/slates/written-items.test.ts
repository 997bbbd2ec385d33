/** Items of a slate as they are stored: what was answered comes back, and what older builds stored is read. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { explain, type SourceName } from "../../../../src/recommend/ranked-list.ts";
import { readItems, type WrittenItems, writeItems } from "../../../../src/recommend/slates/written-items.ts";

const NAMES: SourceName[] = ["sequential_rules", "ials", "co_visitation", "decayed_popularity"];
const aNumber = fc.double({ noNaN: true, noDefaultInfinity: true });

const aShown = fc
  .record({
    itemIds: fc.uniqueArray(fc.string(), { maxLength: 8 }),
    sources: fc.shuffledSubarray(NAMES),
  })
  .chain(({ itemIds, sources }) => {
    const numbers = (length: number, one = aNumber) =>
      fc
        .array(one, { minLength: length, maxLength: length })
        // JSON knows one zero.
        .map((values) => Float64Array.from(values, (value) => value + 0));
    return fc.record({
      itemIds: fc.constant(itemIds),
      sources: fc.constant(sources),
      scores: numbers(itemIds.length),
      sourceScores: numbers(itemIds.length * sources.length, fc.oneof(fc.constant(0), aNumber)),
      propensities: numbers(itemIds.length),
      drawn: fc.subarray([...itemIds.keys()]),
    });
  });

const read = (written: string) => readItems(JSON.parse(written) as WrittenItems);

describe("stored items", () => {
  test("come back as they were answered, bit by bit and in their order", () => {
    fc.assert(
      fc.property(aShown, ({ propensities, drawn, ...list }) => {
        const expected = explain(list).map((item, place) => ({
          ...item,
          propensity: propensities[place] as number,
          isExplored: drawn.includes(place),
        }));
        expect(read(writeItems(list, { propensities, drawn }))).toEqual(expected);
      }),
    );
  });

  test("of a slate without exploration were certain", () => {
    const list = {
      itemIds: ["a"],
      scores: Float64Array.of(1),
      sources: [],
      sourceScores: new Float64Array(0),
    };
    expect(read(writeItems(list, null))).toEqual([
      { itemId: "a", score: 1, propensity: 1, sources: [], isExplored: false },
    ]);
  });

  test("are read as older builds stored them: a row an item", () => {
    const rows = [
      {
        id: "a",
        position: 0,
        score: 0.5,
        propensity: 0.95,
        sources: [{ name: "ials", score: 0.5 }],
        explored: true,
      },
      { id: "b", position: 1, score: 0.25, propensity: 1, sources: [] },
    ];
    expect(read(JSON.stringify(rows))).toEqual([
      {
        itemId: "a",
        score: 0.5,
        propensity: 0.95,
        sources: [{ name: "ials", score: 0.5 }],
        isExplored: true,
      },
      { itemId: "b", score: 0.25, propensity: 1, sources: [], isExplored: false },
    ]);
  });
});
