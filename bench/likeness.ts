/**
 * `bun bench/likeness.ts`: what diversity and exploration do to a trained run's slates on the films that come with the
 * sources, protocol `rolling`: NDCG@10, HR@10, and how unlike the first ten items are. Trains first; takes some minutes.
 */

import { readInput } from "../src/cli/evaluate/input.ts";
import { buildConfig } from "../src/config/build-config.ts";
import { ROLES } from "../src/config/config.ts";
import { parseValues } from "../src/config/parse-values.ts";
import { askOffline } from "../src/evaluation/ask-offline.ts";
import { FrozenFeatures } from "../src/evaluation/frozen-features.ts";
import type { Profile } from "../src/evaluation/models.ts";
import { splitBy } from "../src/evaluation/split.ts";
import { Surprise } from "../src/evaluation/surprise.ts";
import { TRAINED, trainedModels } from "../src/evaluation/trained-models.ts";
import { ndcg } from "../src/models/ndcg.ts";
import { train } from "../src/models/train.ts";
import { trainingLogOf } from "../src/models/training-log.ts";
import { unknownCard } from "../src/recommend/catalog-cards.ts";
import { explorationSeed, explore, NO_EXPLORATION } from "../src/recommend/exploration.ts";
import { NOBODY } from "../src/recommend/expression.ts";
import type { RankedList } from "../src/recommend/ranked-list.ts";
import { judge, pick } from "../src/recommend/refine.ts";
import { NO_SPREAD, spreadOut } from "../src/recommend/spread.ts";

const DEPTH = 10;
const config = buildConfig(parseValues({ env: { APP_ENV: "test" } }).values, ROLES);
const halfLifeHours = config.reco.popularityHalfLifeHours;
const { interactions, texts } = await readInput(undefined, config);
const split = splitBy("rolling", interactions);
const features = new FrozenFeatures(split.training, halfLifeHours);
const { model } = train(trainingLogOf(split.training), {
  runId: "bench",
  texts,
  halfLifeHours,
  easeMaxRows: config.trainer.easeMaxRows,
  onStage: () => {},
});
const trained = trainedModels(model, features).find(({ name }) => name === TRAINED);
if (trained === undefined) throw new Error("nothing was trained");

/** All variants are asked about one profile before the next one comes. */
let last: { profile: Profile; list: RankedList } | null = null;
function rankedFor(profile: Profile): RankedList {
  if (last?.profile !== profile) last = { profile, list: trained?.rank(profile) as RankedList };
  return last.list;
}

const cardOf = (itemId: string) => ({ ...unknownCard(itemId), tags: texts.get(itemId)?.tags ?? [] });
const unlikeness = new Map<string, number[]>();

function jaccard(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const union = one.union(other).size;
  return union === 0 ? 0 : one.intersection(other).size / union;
}

function variant(k: number, lambda: number, epsilon: number) {
  const name = `k ${k}, lambda ${lambda}, epsilon ${epsilon}`;
  const rules = epsilon > 0 ? { epsilon, fromPosition: 3, poolSize: 200 } : NO_EXPLORATION;
  let request = 0;
  const rank = (profile: Profile) => {
    const list = rankedFor(profile);
    const judged = judge({ list, filter: null, boost: null, cardOf, user: NOBODY, hasTime: () => true });
    const spread = { ...NO_SPREAD, diversityLambda: lambda };
    const rows = spreadOut(judged, spread, { k, extra: rules.poolSize, nowMs: 0 });
    const seed = explorationSeed(`request-${request++}`, "u", "bench");
    const { slate } = explore({ greedy: rows.slice(0, k), pool: rows.slice(k), rules, seed });
    const { itemIds } = pick(list, slate);
    const tags = itemIds.slice(0, DEPTH).map((itemId) => new Set(cardOf(itemId).tags));
    const pairs = tags.flatMap((one, at) => tags.slice(0, at).map((other) => 1 - jaccard(one, other)));
    const known = unlikeness.get(name) ?? [];
    known.push(mean(pairs));
    unlikeness.set(name, known);
    // Places are what counts, and no two of them are equal.
    return { itemIds, scores: itemIds.map((_, place) => -place) };
  };
  return { name, rank };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const variants = [
  ...[10, 20].flatMap((k) => [1, 0.95, 0.9, 0.85, 0.8, 0.7].map((lambda) => variant(k, lambda, 0))),
  ...[1, 0.85].map((lambda) => variant(20, lambda, 0.05)),
];
const sheets = askOffline(split, variants, features, new Surprise(split.training));
console.table(
  sheets.map(({ model: name, ranks }) => ({
    name,
    "NDCG@10": mean(Array.from(ranks, (rank) => ndcg(rank, DEPTH))).toFixed(4),
    "HR@10": mean(Array.from(ranks, (rank) => (rank <= DEPTH ? 1 : 0))).toFixed(4),
    unlikeness: mean(unlikeness.get(name) ?? []).toFixed(3),
  })),
);
