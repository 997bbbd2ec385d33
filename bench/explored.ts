/**
 * Times whole answers of a trained policy that spreads (lambda .85) and explores (epsilon .05 of 200), as training writes it:
 * 50-item profiles over 10,000 items, everything in memory. What a profile's list is kept for is asked for again.
 */

import { Deadline } from "../src/core/deadline.ts";
import { seededRandom } from "../src/core/random.ts";
import { SIGNAL_WEIGHT } from "../src/events/model.ts";
import { unknownCard } from "../src/recommend/catalog-cards.ts";
import { NO_SPREAD } from "../src/recommend/spread.ts";
import type { TrainedModel } from "../src/recommend/trained-model.ts";
import { serving } from "../tests/support/serving.ts";
import { skewedItems } from "./data/skewed-items.ts";

const ITEMS = 10_000;
const USERS = 500;
const PROFILE = 50;
const LIST = 100;
const ROUNDS = 7;
const HOUR_MS = 3_600_000;

const random = seededRandom(1);
const { anItem, distinct, lists } = skewedItems(ITEMS, random);
const idOf = (item: number) => `item-${item}`;
const itemIds = Array.from({ length: ITEMS }, (_, item) => idOf(item));
const model: TrainedModel = {
  runId: "20260101_023000",
  strategy: "ease_rules_blend",
  itemIds,
  lists: { ease: lists(LIST) },
  sessions: null,
  weights: { ease: 0.6, sequential_rules: 0.3, decayed_popularity: 0.1 },
  sessionWeights: {},
  profileHalfLife: 5,
  signalWeights: SIGNAL_WEIGHT,
};

const tagsOf = () => [...new Set([1, 2, 3].map(() => `tag ${Math.floor(200 * random.next() ** 2)}`))];
const contents = {
  recent: new Map(
    Array.from({ length: USERS }, (_, user) => {
      const events = Array.from({ length: PROFILE }, () => idOf(anItem()));
      return [`user-${user}`, { itemIds: events, tsMs: events.map((_, at) => at) }] as const;
    }),
  ),
  neighbours: new Map(
    itemIds.map((itemId) => {
      const items = distinct(220).map((item) => ({
        itemId: idOf(item),
        weight: random.next() ** 3,
        count: 1,
      }));
      return [itemId, { totalWeight: 100, items }] as const;
    }),
  ),
  decayed: itemIds.map((itemId, item) => ({ itemId, score: 1 / (item + 1), category: null })),
  cards: new Map(
    itemIds.map((itemId) => [itemId, { version: 1, card: { ...unknownCard(itemId), tags: tagsOf() } }]),
  ),
};
const rules = {
  spread: { ...NO_SPREAD, diversityLambda: 0.85 },
  exploration: { epsilon: 0.05, fromPosition: 3, poolSize: 200 },
};

async function setUp(rankedListTtlMs: number) {
  const settings = {
    policy: "trained",
    rankedListTtlMs,
    historyTtlMs: HOUR_MS,
    relatedTtlMs: HOUR_MS,
    popularityTtlMs: HOUR_MS,
    maxKeys: 100_000,
  } as const;
  const shop = serving({ contents, settings, model, rules });
  await shop.warmUp();
  for (const userId of contents.recent.keys()) await shop.ask("reco", { userId });
  return shop;
}

type Shop = Awaited<ReturnType<typeof setUp>>;

/** Median of the users' answers, in microseconds. */
function median({ recommender, clock }: Shop, round: number): number {
  const times = Float64Array.from(contents.recent.keys(), (userId, user) => {
    const request = { userId, sessionId: "s-1", k: 20, exclude: new Set<string>(), isStored: true };
    const deadline = Deadline.after(1_000, clock);
    const startedMs = performance.now();
    const answer = recommender.reco({ ...request, explorationId: `r-${round}-${user}` }, deadline);
    const tookUs = (performance.now() - startedMs) * 1_000;
    if (answer instanceof Promise) throw new Error("an answer waited for the store");
    return tookUs;
  }).sort();
  return times[times.length >> 1] as number;
}

const variants = { kept: await setUp(HOUR_MS), anew: await setUp(0) };
const best = { kept: Number.POSITIVE_INFINITY, anew: Number.POSITIVE_INFINITY };
for (let round = 0; round < ROUNDS; round++) {
  for (const name of ["kept", "anew"] as const) {
    best[name] = Math.min(best[name], median(variants[name], round));
  }
}
for (const name of ["kept", "anew"] as const) {
  console.log(JSON.stringify({ bench: "explored", list: name, median_us: Number(best[name].toFixed(1)) }));
}
