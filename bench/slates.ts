/** Measures what a stored slate costs `stream-v1`, step by step, in one run: while the answer is made, after it, in the writer. */

import { packSlates, unpackSlates } from "../src/actors/slate-message.ts";
import { seededRandom } from "../src/core/random.ts";
import { NOTHING_HIDDEN } from "../src/recommend/hidden-items.ts";
import { ItemTable } from "../src/recommend/item-table.ts";
import { neighbourList } from "../src/recommend/neighbour-list.ts";
import { PopularityIndex } from "../src/recommend/popularity-index.ts";
import { newSlate } from "../src/recommend/slates/new-slate.ts";
import { withBasis } from "../src/recommend/slates/with-basis.ts";
import { writeFeatures } from "../src/recommend/slates/written-features.ts";
import { PROFILE_DEPTH, StreamScratch } from "../src/recommend/stream-v1.ts";
import { userProfile } from "../src/recommend/user-profile.ts";
import { packFeatures } from "../src/stores/postgres/slate-features.ts";

const ITEMS = 10_000;
const USERS = 400;
const RUNS = 7;
const TURNS = 3;
const SEEN = 25;

const random = seededRandom(1);
/** Skewed to low numbers, as views are. */
const anItem = () => `item-${Math.floor(ITEMS * random.next() ** 2)}`;
const distinctItems = (count: number) => [...new Set(Array.from({ length: count }, anItem))];

const table = new ItemTable();
const index = new PopularityIndex(table);
index.replace(
  Array.from({ length: ITEMS }, (_, item) => ({ itemId: `item-${item}`, score: 1 / (item + 1) })),
);
const lists = Array.from({ length: ITEMS }, () => {
  const items = distinctItems(220).map((itemId) => ({
    itemId,
    weight: Math.ceil(600 * random.next() ** 3) / 60,
    count: Math.floor(4 * random.next() ** 2),
  }));
  return neighbourList({ totalWeight: items.reduce((sum, { weight }) => sum + weight, 0), items }, table);
});
const users = Array.from({ length: USERS }, () => {
  const itemIds = distinctItems(SEEN);
  const tsMs = itemIds.map((_, place) => place);
  return { profile: userProfile({ itemIds, tsMs, weights: itemIds.map(() => 1) }, table), itemIds };
});
const scratch = new StreamScratch();

type User = (typeof users)[number];
const rank = ({ profile, itemIds }: User, isStored: boolean) => {
  const sources = itemIds
    .slice(-PROFILE_DEPTH)
    .reverse()
    .map((itemId) => lists[table.slotOf(itemId)] ?? null);
  const list = scratch.rank({
    index,
    sources,
    unwanted: profile.slots,
    hidden: NOTHING_HIDDEN,
    k: 20,
    isStored,
  });
  const viewer = { profile, overlay: [], cached: profile, hidden: [], isGuest: false };
  return isStored ? withBasis(list, viewer) : list;
};
const answerOf = (user: User) => ({
  list: rank(user, true),
  label: { name: "builtin:stream-v1", variant: "primary" } as const,
  modelVersion: "stream-v1" as const,
  strategy: "seq_rules_blend",
  degraded: null,
  exploration: null,
  page: null,
  timingsMs: { retrieval: 0, ranking: 0, diversity: 0, exploration: 0 },
});
const request = { userId: "u-1", sessionId: "s-1", k: 20, exclude: new Set<string>() };
const slateOf = (answer: ReturnType<typeof answerOf>) =>
  newSlate({ requestId: "r-1", servedAtMs: 1, surface: "default", request, answer });
const answers = users.map(answerOf);
const features = answers.map(({ list }) => list.basis?.describe());
const batchOf = (place: number) => ({
  slates: [slateOf(answers[place] as (typeof answers)[number])],
  features: features
    .slice(place, place + 1)
    .flatMap((each) => (each ? { id: "f", servedAtMs: 1, written: writeFeatures(each) } : [])),
});
const messages = users.map((_, place) => packSlates(batchOf(place)));
const written = features.map((each) => each && writeFeatures(each));

const STEPS: Readonly<Record<string, (user: User, place: number) => unknown>> = {
  "answer, not stored": (user) => rank(user, false),
  "answer, stored": (user) => rank(user, true),
  "worker, after the answer: describe and pack": (_, place) => {
    const answer = answers[place] as (typeof answers)[number];
    const described = answer.list.basis?.describe();
    return (
      described &&
      packSlates({
        slates: [slateOf(answer)],
        features: [{ id: "f", servedAtMs: 1, written: writeFeatures(described) }],
      })
    );
  },
  "worker, a slate of a kept list": (_, place) =>
    packSlates({ slates: [slateOf(answers[place] as (typeof answers)[number])], features: [] }),
  "clone between threads": (_, place) => structuredClone(messages[place]),
  "writer: unpack": (_, place) => unpackSlates(messages[place] as (typeof messages)[number]),
  "writer: compress": (_, place) => {
    const each = written[place];
    return each && packFeatures(each);
  },
};
for (const step of Object.values(STEPS)) users.map(step);
for (const [name, step] of Object.entries(STEPS)) {
  const times = Array.from({ length: RUNS }, () => {
    // CPU time of this process alone: others may be at work beside it.
    const startedUs = process.cpuUsage().user;
    for (let turn = 0; turn < TURNS; turn++) users.map(step);
    return (process.cpuUsage().user - startedUs) / USERS / TURNS;
  });
  console.log(
    `${name}: ${Math.min(...times).toFixed(1)} µs at least, median ${times.sort((a, b) => a - b)[RUNS >> 1]?.toFixed(1)}`,
  );
}
const sizes = written.map((each) => (each && packFeatures(each)?.length) ?? 0);
const candidates = features.map((each) => each?.candidates.itemIds.length ?? 0);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
console.log(
  `${mean(candidates).toFixed(0)} candidates, ${mean(sizes).toFixed(0)} bytes of features, ${Math.max(...sizes)} at most`,
);
