/** The baseline policy against its stated cases, and against its literal reference on random states. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Candidates } from "../../../src/recommend/candidates.ts";
import { explain } from "../../../src/recommend/ranked-list.ts";
import { BASELINE_WEIGHTS, rank } from "../../../src/recommend/ranking.ts";
import { RetrievalScratch } from "../../../src/recommend/retrieval.ts";
import { rulesV1 } from "../../../src/recommend/rules-v1.ts";
import { successors } from "../../../src/recommend/successors.ts";
import {
  type ReferenceState,
  referenceReco,
  referenceRetrieval,
  referenceSuccessors,
} from "../../support/reference-rules.ts";
import { rulesInput } from "../../support/rules-input.ts";

const noTime = () => 0;
const scratch = new RetrievalScratch();
const reco = (state: ReferenceState, k: number) => rulesV1(rulesInput(state, k), scratch, noTime).list;

/** Rows as (co_vis_last, popularity_score, seen_recent); answers the row names in ranked order. */
function rankRows(rows: Record<string, [number, number, number]>, k: number, weights = BASELINE_WEIGHTS) {
  const names = Object.keys(rows);
  const candidates = new Candidates();
  candidates.reset(names.length);
  for (const [slot, [coVisLast, popularity, seenRecent]] of Object.values(rows).entries()) {
    const row = candidates.add(slot, popularity, 0);
    candidates.coVisLast[row] = coVisLast;
    candidates.seenRecent[row] = seenRecent;
  }
  candidates.select(names.length, Number.NEGATIVE_INFINITY);
  return rank(candidates, k, weights).map((row) => names[row]);
}

const caseFour: ReferenceState = {
  history: ["A", "B", "C"],
  related: new Map<string, [string, number][]>([
    [
      "C",
      [
        ["A", 5],
        ["X", 3],
        ["Y", 1],
      ],
    ],
    [
      "B",
      [
        ["Z", 4],
        ["X", 2],
      ],
    ],
    ["A", [["W", 6]]],
  ]),
  popularity: [
    ["A", 50],
    ["Y", 10],
    ["X", 4],
    ["Z", 2],
    ["V", 1],
  ],
};

describe("rules-v1, stated cases", () => {
  test("1: orders by score", () => {
    const ranked = rankRows({ A: [4, 1, 0], B: [3, 4, 0], C: [2, 6, 1] }, 3);
    expect(ranked).toEqual(["B", "C", "A"]);
  });

  test("2: takes other weights and breaks the tie by popularity", () => {
    const weights = { coVisLast: 1, popularityScore: 1, seenRecent: 100 };
    const ranked = rankRows({ x: [2, 1, 1], y: [1, 2, 0], z: [0, 3, 0] }, 2, weights);
    expect(ranked).toEqual(["z", "y"]);
  });

  test("breaks a tie of score and popularity by co-visitation with the newest item", () => {
    const weights = { coVisLast: 0, popularityScore: 1, seenRecent: 1 };
    expect(rankRows({ x: [1, 5, 0], y: [2, 5, 0] }, 2, weights)).toEqual(["y", "x"]);
  });

  test("adds popularity to a related item from the first 500 popular ones, and not from the 501st on", () => {
    const popularity = Array.from({ length: 600 }, (_, n): [string, number] => [`p${n}`, 1_000 - n]);
    const related = new Map([
      [
        "A",
        [
          ["p499", 1_000],
          ["p500", 999],
        ] as [string, number][],
      ],
    ]);
    const input = rulesInput({ history: ["A"], related, popularity }, 1);
    const { slots, retrievalScore } = scratch.retrieve({ ...input, limit: 50 });
    const names = Array.from(slots.subarray(0, 2), (slot) => input.index.table.nameOf(slot));
    expect(names).toEqual(["p499", "p500"]);
    expect([...retrievalScore.subarray(0, 2)]).toEqual([1_000 + 0.1 * 501, 999]);
  });

  test.each([
    ["no candidates", {}, 5],
    ["k = 0", { A: [1, 1, 0] }, 0],
    ["k < 0", { A: [1, 1, 0] }, -1],
  ] as [string, Record<string, [number, number, number]>, number][])("3: is empty for %s", (_, rows, k) => {
    expect(rankRows(rows, k)).toEqual([]);
  });

  test("4: retrieves the sum over depth and popularity, equals in order of insertion", () => {
    const input = rulesInput(caseFour, 5);
    const candidates = scratch.retrieve({ ...input, limit: 200 });
    const rows = Array.from(candidates.rows.subarray(0, candidates.rowCount), (row) => ({
      name: input.index.table.nameOf(candidates.slots[row] as number),
      score: candidates.retrievalScore[row] as number,
    })).sort((a, b) => b.score - a.score);
    expect(rows.map(({ name }) => name)).toEqual(["X", "Z", "Y", "W", "V"]);
    const expected = [4.4, 2.2, 2, 2, 0.1];
    for (const [place, { score }] of rows.entries()) expect(score).toBeCloseTo(expected[place] as number, 12);
  });

  test("5: ranks the candidates of case 4", () => {
    expect(explain(reco(caseFour, 5)).map(({ itemId, score }) => [itemId, score])).toEqual([
      ["Y", 11.5],
      ["X", 8.5],
      ["Z", 2],
      ["V", 1],
      ["W", 0],
    ]);
  });

  test("6: GET /recommend for case 4 lists successors, then popular items", () => {
    expect(successors(rulesInput(caseFour, 10)).itemIds).toEqual(["X", "Y", "Z", "V"]);
  });

  test("7: a user without history gets popularity order", () => {
    const items = reco({ ...caseFour, history: [] }, 5).itemIds;
    expect(items).toEqual(["A", "Y", "X", "Z", "V"]);
  });
});

const itemId = (max: number) => fc.integer({ min: 0, max }).map((n) => `i${String(n).padStart(4, "0")}`);
const byScoreThenId = (pairs: [string, number][]) =>
  pairs.sort(([a, scoreA], [b, scoreB]) => scoreB - scoreA || (a < b ? -1 : 1));
/** Small scores, so that equal ones are common. */
const scored = (items: number, maxLength: number, maxScore: number) =>
  fc
    .uniqueArray(fc.tuple(itemId(items), fc.integer({ min: 1, max: maxScore })), {
      maxLength,
      size: "max", // The default stays near ten items, where no limit is ever reached.
      selector: ([id]) => id,
    })
    .map(byScoreThenId);

function states(items: number): fc.Arbitrary<ReferenceState> {
  return fc.record({
    history: fc.array(itemId(12), { maxLength: 20 }),
    related: fc
      .array(scored(items, 260, 6), { minLength: 13, maxLength: 13 })
      .map((lists) => new Map(lists.map((list, n) => [`i${String(n).padStart(4, "0")}`, list]))),
    popularity: fc.oneof(scored(items, 40, 60), scored(items, items, 60)),
    exclude: fc.array(itemId(items), { maxLength: 30 }).map((ids) => new Set(ids)),
  });
}
const k = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(200), fc.constant(0));

describe("rules-v1, laws", () => {
  test("gives the reference's list, scores and sources", () => {
    fc.assert(
      fc.property(states(900), k, (state, count) => {
        expect(explain(reco(state, count))).toEqual(referenceReco(state, count));
      }),
      { numRuns: 60 },
    );
  });

  test("keeps the reference's candidates when the limit cuts deep", () => {
    fc.assert(
      fc.property(states(60), fc.integer({ min: 1, max: 70 }), (state, limit) => {
        const input = rulesInput(state, 1);
        const candidates = scratch.retrieve({ ...input, limit });
        const names = Array.from(candidates.rows.subarray(0, candidates.rowCount), (row) =>
          input.index.table.nameOf(candidates.slots[row] as number),
        );
        const expected = referenceRetrieval(state, limit).map((candidate) => candidate.itemId);
        expect(names.sort()).toEqual(expected.sort());
      }),
      { numRuns: 60 },
    );
  });

  test("GET /recommend gives the reference's list", () => {
    fc.assert(
      fc.property(states(300), k, (state, count) => {
        const items = successors(rulesInput(state, count)).itemIds;
        expect(items).toEqual(referenceSuccessors(state, count));
      }),
      { numRuns: 40 },
    );
  });

  test("never lists a seen or excluded item, a repeat, or more than k", () => {
    fc.assert(
      fc.property(states(80), k, (state, count) => {
        const items = reco(state, count).itemIds;
        const unwanted = new Set([...state.history, ...(state.exclude ?? [])]);
        expect(items.filter((id) => unwanted.has(id))).toEqual([]);
        expect(new Set(items).size).toBe(items.length);
        expect(items.length).toBeLessThanOrEqual(count);
      }),
      { numRuns: 60 },
    );
  });

  test("an answer does not depend on what the scratch memory held before", () => {
    fc.assert(
      fc.property(states(80), states(80), (first, second) => {
        const used = new RetrievalScratch();
        rulesV1(rulesInput(first, 10), used, noTime);
        const fresh = rulesV1(rulesInput(second, 10), new RetrievalScratch(), noTime).list;
        expect(rulesV1(rulesInput(second, 10), used, noTime).list).toEqual(fresh);
      }),
      { numRuns: 40 },
    );
  });
});
