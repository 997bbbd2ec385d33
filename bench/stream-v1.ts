/** Times the literal and the fast implementation of `stream-v1` on the same states, in one run. */

import { seededRandom } from "../src/core/random.ts";
import { NOTHING_HIDDEN } from "../src/recommend/hidden-items.ts";
import { ItemTable } from "../src/recommend/item-table.ts";
import { neighbourList } from "../src/recommend/neighbour-list.ts";
import { PopularityIndex } from "../src/recommend/popularity-index.ts";
import type { Neighbours } from "../src/recommend/ports.ts";
import { PROFILE_DEPTH, StreamScratch } from "../src/recommend/stream-v1.ts";
import { referenceStream } from "../tests/support/reference-stream.ts";

const ITEMS = 10_000;
const USERS = 400;
const RUNS = 7;
const K = 20;

const random = seededRandom(1);
/** Skewed to low numbers, as views are. */
const anItem = () => `item-${Math.floor(ITEMS * random.next() ** 2)}`;
const distinctItems = (count: number) => [...new Set(Array.from({ length: count }, anItem))];

const popularity = Array.from({ length: ITEMS }, (_, item) => ({
  itemId: `item-${item}`,
  score: 1 / (item + 1),
}));
const neighbours = new Map(popularity.map(({ itemId }) => [itemId, someNeighbours()]));
const users = Array.from({ length: USERS }, () => {
  const seen = distinctItems(25);
  return { seen, newest: seen.slice(0, PROFILE_DEPTH) };
});

const table = new ItemTable();
const index = new PopularityIndex(table);
index.replace(popularity);
const lists = new Map([...neighbours].map(([itemId, each]) => [itemId, neighbourList(each, table)]));
const slots = new Map(
  users.map(({ seen }) => [seen, Int32Array.from(seen, (itemId) => table.slotOf(itemId))]),
);
const scratch = new StreamScratch();

type User = (typeof users)[number];
const literal = ({ seen, newest }: User) =>
  referenceStream({ newest, neighbours, popularity, unwanted: new Set(seen) }, K).map(({ itemId }) => itemId);
const fast = ({ seen, newest }: User) => {
  const sources = newest.map((itemId) => lists.get(itemId) ?? null);
  return scratch.rank({ index, sources, unwanted: slots.get(seen) ?? [], hidden: NOTHING_HIDDEN, k: K })
    .itemIds;
};

function someNeighbours(): Neighbours {
  const items = distinctItems(220).map((itemId) => ({
    itemId,
    weight: Math.ceil(600 * random.next() ** 3) / 60,
    count: Math.floor(4 * random.next() ** 2),
  }));
  return { totalWeight: items.reduce((sum, { weight }) => sum + weight, 0), items };
}

function microsecondsEach(recommend: (user: User) => unknown): number {
  const startedMs = performance.now();
  for (const user of users) recommend(user);
  return ((performance.now() - startedMs) * 1000) / users.length;
}

const differing = users.filter((user) => !Bun.deepEquals(literal(user), fast(user))).length;
// Scores that tie but for the last digit of a sum may stand in either order.
if (differing > USERS / 50) throw new Error("the two implementations differ");
const runs = Array.from({ length: RUNS }, () => ({
  literal: microsecondsEach(literal),
  fast: microsecondsEach(fast),
}));
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] as number;
console.log(
  JSON.stringify({
    bench: "stream-v1",
    items: ITEMS,
    users: USERS,
    runs: RUNS,
    k: K,
    literal_us: Number(median(runs.map((run) => run.literal)).toFixed(1)),
    fast_us: Number(median(runs.map((run) => run.fast)).toFixed(1)),
    ratio: Number(median(runs.map((run) => run.literal / run.fast)).toFixed(1)),
  }),
);
