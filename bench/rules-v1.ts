/** Times the literal and the fast implementation of `rules-v1` on the same states, in one run. */

import { seededRandom } from "../src/core/random.ts";
import { NOTHING_HIDDEN } from "../src/recommend/hidden-items.ts";
import { ItemTable } from "../src/recommend/item-table.ts";
import { PopularityIndex } from "../src/recommend/popularity-index.ts";
import { explain } from "../src/recommend/ranked-list.ts";
import { relatedList } from "../src/recommend/related-list.ts";
import { RetrievalScratch, SOURCE_DEPTH } from "../src/recommend/retrieval.ts";
import { rulesV1 } from "../src/recommend/rules-v1.ts";
import { referenceReco } from "../tests/support/reference-rules.ts";

const ITEMS = 10_000;
const USERS = 400;
const RUNS = 7;
const K = 20;

const random = seededRandom(1);
/** Skewed to low numbers, as views are. */
const anItem = () => `item-${Math.floor(ITEMS * random.next() ** 2)}`;
const byScore = ([, a]: [string, number], [, b]: [string, number]) => b - a;

const popularity = Array.from({ length: ITEMS }, (_, item): [string, number] => [
  `item-${item}`,
  Math.ceil(5000 / (item + 1) + 20 * random.next()),
]).sort(byScore);
const related = new Map(
  Array.from({ length: ITEMS }, (_, item) => {
    const successors = new Set(Array.from({ length: 150 }, anItem));
    const counted = [...successors].map((id): [string, number] => [id, Math.ceil(30 * random.next() ** 3)]);
    return [`item-${item}`, counted.sort(byScore)];
  }),
);
const histories = Array.from({ length: USERS }, () => Array.from({ length: 20 }, anItem));

const toItems = (pairs: readonly [string, number][]) => pairs.map(([itemId, score]) => ({ itemId, score }));
const table = new ItemTable();
const index = new PopularityIndex(table);
index.replace(toItems(popularity));
const lists = new Map([...related].map(([id, pairs]) => [id, relatedList(toItems(pairs), table)]));
const ordered = index.top(ITEMS).map(({ itemId, score }): [string, number] => [itemId, score]);
const scratch = new RetrievalScratch();

const scores = new Map(ordered);
const literal = (history: string[]) => referenceReco({ history, related, popularity: ordered }, K, scores);
const fast = (history: string[]) => {
  const newestFirst = history.slice(-SOURCE_DEPTH).reverse();
  const sources = newestFirst.map((id) => lists.get(id) ?? null);
  return rulesV1({ index, sources, unwanted: history, hidden: NOTHING_HIDDEN, k: K }, scratch, () => 0).list;
};

function microsecondsEach(recommend: (history: string[]) => unknown): number {
  const startedMs = performance.now();
  for (const history of histories) recommend(history);
  return ((performance.now() - startedMs) * 1000) / histories.length;
}

for (const history of histories) {
  if (!Bun.deepEquals(literal(history), explain(fast(history))))
    throw new Error("the two implementations differ");
}
const runs = Array.from({ length: RUNS }, () => ({
  literal: microsecondsEach(literal),
  fast: microsecondsEach(fast),
}));
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] as number;
const literalUs = median(runs.map((run) => run.literal));
const fastUs = median(runs.map((run) => run.fast));
const ratio = median(runs.map((run) => run.literal / run.fast));
console.log(
  JSON.stringify({
    bench: "rules-v1",
    items: ITEMS,
    users: USERS,
    runs: RUNS,
    k: K,
    literal_us: Number(literalUs.toFixed(1)),
    fast_us: Number(fastUs.toFixed(1)),
    ratio: Number(ratio.toFixed(1)),
  }),
);
