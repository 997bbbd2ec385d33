/** Times iALS as it serves: the fold-in of 50 items, the search of the index, and one that reads all; items as argument. */

import { seededRandom } from "../src/core/random.ts";
import { indexFactors } from "../src/models/item-cells.ts";
import { FactorSearch } from "../src/recommend/factor-search.ts";
import { FoldIn } from "../src/recommend/fold-in.ts";
import { FACTORS, type ItemFactors } from "../src/recommend/item-factors.ts";

const PROFILE = 50;
const ASKED = 2_000;
const LIKED = 3;
const [items = 100_000] = process.argv.slice(2).map(Number);
const topics = Math.max(1, Math.floor(items / 100));
const random = seededRandom(1);
const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
const centres = Float32Array.from({ length: topics * FACTORS }, normal);

/** Around a topic, some longer than others. */
function anItem(): Float32Array {
  const topic = Math.floor(topics * random.next() ** 2) * FACTORS;
  const length = 0.05 + 0.3 * random.next() ** 4;
  return Float32Array.from(
    { length: FACTORS },
    (_, k) => length * ((centres[topic + k] as number) + normal()),
  );
}

const vectors = new Float32Array(items * FACTORS);
for (let item = 0; item < items; item++) vectors.set(anItem(), item * FACTORS);
const users = new Float32Array(500 * FACTORS);
for (let at = 0; at < users.length; at += FACTORS) {
  for (let times = 0; times < LIKED; times++)
    anItem().forEach((value, k) => {
      users[at + k] = (users[at + k] as number) + value;
    });
}
const ground = { base: new Float64Array(FACTORS).fill(2), ridge: 0.01 };
const startedMs = performance.now();
const { factors, recall } = indexFactors({ items: vectors, users, ground, sweeps: 1 });
const indexMs = performance.now() - startedMs;

const foldIn = new FoldIn();
const search = new FactorSearch(200);
const rows = new Int32Array(PROFILE);
const sure = Float64Array.from({ length: PROFILE }, (_, newest) => 2 ** (-newest / 5));
const vector = new Float64Array(FACTORS);

function times(work: () => void): { median_us: number; p99_us: number } {
  const sorted = Float64Array.from({ length: ASKED }, () => {
    for (let row = 0; row < PROFILE; row++) rows[row] = (row * 2 + Math.floor(items * random.next())) % items;
    vector.set(users.subarray(0, FACTORS));
    const fromMs = performance.now();
    work();
    return (performance.now() - fromMs) * 1_000;
  }).sort();
  const at = (share: number) => Number((sorted[Math.floor(share * ASKED)] as number).toFixed(1));
  return { median_us: at(0.5), p99_us: at(0.99) };
}

const fold = () => foldIn.solve(factors, factors.vectors, rows, sure, PROFILE, vector);
const find = (searched: ItemFactors) =>
  search.best(
    searched,
    vector,
    () => true,
    () => {},
  );
const exact = { ...factors, probes: factors.spreads.length };
for (const [what, work] of Object.entries({
  "fold-in": fold,
  "fold-in and search": () => {
    fold();
    find(factors);
  },
  "fold-in and all products": () => {
    fold();
    find(exact);
  },
})) {
  times(work);
  console.log(JSON.stringify({ bench: "ials", what, items, profile: PROFILE, ...times(work) }));
}
console.log(
  JSON.stringify({
    bench: "ials",
    what: "index",
    items,
    cells: factors.spreads.length,
    probes: factors.probes,
    recall,
    built_s: Number((indexMs / 1_000).toFixed(1)),
  }),
);
