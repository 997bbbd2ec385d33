/** Makes a slate of a ranked list: filter, boost, caps and diversity, in this order, cut to its length. */

import { type CatalogCard, unknownCard } from "./catalog-cards.ts";
import { type Boost, type Filter, NOBODY, type UserFacts } from "./expression.ts";
import type { RankedList } from "./ranked-list.ts";

/** How a policy spreads its answers; zeros switch a rule off. */
export interface SpreadRules {
  readonly maxPerAuthor: number;
  readonly maxPerCategory: number;
  /** Share of the places, 0 to 1, for items younger than `freshDays`. */
  readonly freshnessQuota: number;
  readonly freshDays: number;
  /** Weight of relevance against likeness to what stands above, 0 to 1; 1: likeness does not matter. */
  readonly diversityLambda: number;
}

export const NO_SPREAD: SpreadRules = {
  maxPerAuthor: 0,
  maxPerCategory: 0,
  freshnessQuota: 0,
  freshDays: 0,
  diversityLambda: 1,
};

export interface Refinement {
  readonly filter: Filter | null;
  readonly boost: Boost | null;
  readonly spread: SpreadRules;
}

export interface RefineInput {
  readonly list: RankedList;
  readonly refinement: Refinement;
  /** Undefined where the catalogue could not be read: no filter lets such an item pass. */
  readonly cardOf: (itemId: string) => CatalogCard | undefined;
  /** Null where they could not be read: a filter that asks for them lets nothing pass. */
  readonly user: UserFacts | null;
  readonly k: number;
  readonly nowMs: number;
  /** Asked now and then: once it is false the slate is made of what passed until then. */
  readonly hasTime: () => boolean;
}

/** Of the best this many the slate is chosen, so that its cost is bounded. */
const POOL_PER_PLACE = 5;
const POOL_MIN = 50;
/** Items judged between two looks at the clock. */
const JUDGED_AT_ONCE = 256;
const MS_PER_DAY = 86_400_000;

interface Candidate {
  /** In the ranked list. */
  readonly place: number;
  readonly card: CatalogCard;
  /** Of the boost. */
  readonly factor: number;
  readonly score: number;
}

export function refine(input: RefineInput): RankedList {
  const { list, refinement, k } = input;
  const boosted = boostedCandidates(input);
  const { spread } = refinement;
  const isSpread = Object.entries(spread).some(
    ([name, value]) => value !== NO_SPREAD[name as keyof SpreadRules],
  );
  const chosen = isSpread ? spreadOut(boosted, spread, k, input.nowMs) : boosted.slice(0, k);
  return pick(list, chosen);
}

/** Those that pass the filter, by boosted score; equal scores keep their order. */
function boostedCandidates({
  list,
  refinement,
  cardOf,
  user: read,
  hasTime,
}: RefineInput): readonly Candidate[] {
  const { filter, boost } = refinement;
  if (read === null && filter?.asksUser) return [];
  const user = read ?? NOBODY;
  const candidates: Candidate[] = [];
  for (const [place, itemId] of list.itemIds.entries()) {
    if (place > 0 && place % JUDGED_AT_ONCE === 0 && !hasTime()) break;
    const known = cardOf(itemId);
    if (filter && !(known && filter.of(known, user))) continue;
    const card = known ?? unknownCard(itemId);
    const factor = boost ? boost.of(card, user) : 1;
    candidates.push({ place, card, factor, score: (list.scores[place] as number) * factor });
  }
  return boost ? candidates.sort((a, b) => b.score - a.score) : candidates;
}

/**
 * Maximal marginal relevance (Carbonell and Goldstein, 1998): each place takes the candidate with the highest
 * lambda * relevance - (1 - lambda) * likeness to the most similar one above, among those that caps and quota admit.
 * Relevance is min-max normalised over the pool, likeness is the Jaccard index of tags.
 */
function spreadOut(
  candidates: readonly Candidate[],
  rules: SpreadRules,
  k: number,
  nowMs: number,
): readonly Candidate[] {
  const pool = candidates.slice(0, Math.max(POOL_MIN, POOL_PER_PLACE * k));
  const relevance = relevanceOf(pool);
  const likeness = new Float64Array(pool.length);
  const taken = new Uint8Array(pool.length);
  const caps = new Caps(rules);
  const isFresh = freshness(rules, nowMs);
  let freshLeft = Math.min(Math.ceil(rules.freshnessQuota * k), pool.filter(isFresh).length);
  const chosen: Candidate[] = [];
  while (chosen.length < k) {
    const onlyFresh = k - chosen.length <= freshLeft;
    const best = argmax(
      pool.length,
      (at) =>
        taken[at] === 0 &&
        caps.admit(pool[at] as Candidate) &&
        (!onlyFresh || isFresh(pool[at] as Candidate)),
      (at) =>
        rules.diversityLambda * (relevance[at] as number) -
        (1 - rules.diversityLambda) * (likeness[at] as number),
    );
    if (best === -1) {
      // The caps leave fewer fresh ones than the quota asks for: the places go to others.
      if (!onlyFresh) break;
      freshLeft = 0;
      continue;
    }
    const candidate = pool[best] as Candidate;
    taken[best] = 1;
    caps.note(candidate);
    if (isFresh(candidate) && freshLeft > 0) freshLeft--;
    chosen.push(candidate);
    if (rules.diversityLambda < 1) raiseLikeness(likeness, pool, candidate);
  }
  return chosen;
}

function argmax(count: number, isAdmitted: (at: number) => boolean, measure: (at: number) => number): number {
  let best = -1;
  let bestValue = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < count; at++) {
    if (!isAdmitted(at)) continue;
    const value = measure(at);
    if (value > bestValue) {
      best = at;
      bestValue = value;
    }
  }
  return best;
}

function relevanceOf(pool: readonly Candidate[]): Float64Array {
  const scores = pool.map(({ score }) => score);
  const most = Math.max(...scores);
  const least = Math.min(...scores);
  return Float64Array.from(scores, (score) => (most > least ? (score - least) / (most - least) : 1));
}

function raiseLikeness(likeness: Float64Array, pool: readonly Candidate[], { card }: Candidate): void {
  const tags = new Set(card.tags);
  if (tags.size === 0) return;
  for (const [at, other] of pool.entries()) {
    likeness[at] = Math.max(likeness[at] as number, jaccard(tags, other.card.tags));
  }
}

/** Size of the intersection by that of the union; 0 for two empty sets. */
export function jaccard(tags: ReadonlySet<string>, others: readonly string[]): number {
  let common = 0;
  for (const tag of others) if (tags.has(tag)) common++;
  const union = tags.size + others.length - common;
  return union === 0 ? 0 : common / union;
}

function freshness({ freshnessQuota, freshDays }: SpreadRules, nowMs: number) {
  const bornAfter = new Date(nowMs - freshDays * MS_PER_DAY).toISOString();
  return ({ card }: Candidate) =>
    freshnessQuota > 0 && card.published_at !== null && card.published_at >= bornAfter;
}

/** Counts authors and categories of what was chosen; an item without one is not counted. */
class Caps {
  readonly #rules: SpreadRules;
  readonly #authors = new Map<string, number>();
  readonly #categories = new Map<string, number>();

  constructor(rules: SpreadRules) {
    this.#rules = rules;
  }

  admit({ card: { author, category } }: Candidate): boolean {
    const { maxPerAuthor, maxPerCategory } = this.#rules;
    return (
      hasRoom(this.#authors, author, maxPerAuthor) && hasRoom(this.#categories, category, maxPerCategory)
    );
  }

  note({ card: { author, category } }: Candidate): void {
    if (author !== null) this.#authors.set(author, (this.#authors.get(author) ?? 0) + 1);
    if (category !== null) this.#categories.set(category, (this.#categories.get(category) ?? 0) + 1);
  }
}

const hasRoom = (counts: ReadonlyMap<string, number>, name: string | null, max: number) =>
  max === 0 || name === null || (counts.get(name) ?? 0) < max;

/** The chosen rows of the list, with the scores they were chosen by; a boost raises what each source gave alike. */
function pick(list: RankedList, chosen: readonly Candidate[]): RankedList {
  const width = list.sources.length;
  const sourceScores = new Float64Array(chosen.length * width);
  for (const [at, { place, factor }] of chosen.entries()) {
    const shares = list.sourceScores.subarray(place * width, (place + 1) * width);
    sourceScores.set(
      shares.map((share) => share * factor),
      at * width,
    );
  }
  return {
    ...list,
    itemIds: chosen.map(({ place }) => list.itemIds[place] as string),
    scores: Float64Array.from(chosen, ({ score }) => score),
    sourceScores,
  };
}
