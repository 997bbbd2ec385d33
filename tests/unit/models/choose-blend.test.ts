import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../../src/core/random.ts";
import { chooseBlend } from "../../../src/models/choose-blend.ts";
import { type BlendProblem, searchBlend } from "../../../src/models/coordinate-search.ts";
import type { SourceName } from "../../../src/recommend/ranked-list.ts";
import type { BlendWeights } from "../../../src/recommend/trained-model.ts";

const SOURCES: readonly SourceName[] = [
  "sequential_rules",
  "ease",
  "item_knn",
  "content",
  "co_visitation",
  "decayed_popularity",
];
const CANDIDATES = 40;
const DEFAULTS = { sequential_rules: 0.3, ease: 0.6, decayed_popularity: 0.1 };

const WRITTEN: readonly BlendWeights[] = [
  DEFAULTS,
  { sequential_rules: 0.7, co_visitation: 0.2, decayed_popularity: 0.1 },
  { decayed_popularity: 1 },
];
const isWritten = (weights: BlendWeights) => WRITTEN.some((each) => Bun.deepEquals(each, weights));

/** `raised`: how much more than by chance a source gives what is right. */
function problem(
  users: number,
  raised: Partial<Record<SourceName, number>>,
  seed: number,
  questionsOfUser = 2,
): BlendProblem {
  const random = seededRandom(seed);
  const sheets = Array.from({ length: users * questionsOfUser }, (_, question) => ({
    size: CANDIDATES,
    target: 0,
    user: question % users,
    shares: SOURCES.map((name) =>
      Float32Array.from({ length: CANDIDATES }, (__, row) =>
        row === 0 ? Math.min(1, random.next() + (raised[name] ?? 0)) : random.next(),
      ),
    ),
  }));
  return { sources: SOURCES, sheets, questions: sheets.length };
}

describe("the choice of a blend", () => {
  test("stays more often with what was written down where nothing but chance speaks for more", () => {
    const seeds = Array.from({ length: 30 }, (_, seed) => seed);
    const share = (choose: typeof chooseBlend) =>
      seeds.filter((seed) => isWritten(choose(problem(50, {}, seed), DEFAULTS).weights)).length /
      seeds.length;
    expect(share(searchBlend)).toBeLessThan(0.15);
    expect(share(chooseBlend)).toBeGreaterThan(0.3);
  });

  test("takes one source where that is all there is, even of few users", () => {
    for (let seed = 0; seed < 10; seed++) {
      const { weights } = chooseBlend(problem(40, { item_knn: 1 }, seed), DEFAULTS);
      expect(weights).toEqual({ item_knn: 1 });
    }
  });

  test("blends what is better together", () => {
    const { weights, ndcg } = chooseBlend(problem(300, { item_knn: 0.4, content: 0.4 }, 1), DEFAULTS);
    expect(weights.item_knn).toBeGreaterThan(0.2);
    expect(weights.content).toBeGreaterThan(0.2);
    const alone = chooseBlend(problem(300, { item_knn: 0.4 }, 1), DEFAULTS);
    expect(ndcg).toBeGreaterThan(alone.ndcg);
  });

  test("keeps the defaults where no candidate was ever right", () => {
    expect(chooseBlend({ sources: SOURCES, sheets: [], questions: 90 }, DEFAULTS).weights).toEqual(DEFAULTS);
  });

  test("believes no single user, however busy", () => {
    const { weights } = chooseBlend(problem(1, { item_knn: 1 }, 1, 200), DEFAULTS);
    expect(isWritten(weights)).toBe(true);
  });
});
