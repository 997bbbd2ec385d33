/** Chooses a slate from judged candidates: caps by author and category, a quota for new items, and diversity. */

import { Likeness } from "./likeness.ts";
import type { Candidate } from "./refine.ts";

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

/** Whether the rules may change a list at all. */
export const isSpreading = (rules: SpreadRules): boolean =>
  isCapping(rules) || rules.freshnessQuota > 0 || rules.diversityLambda < 1;

export const isCapping = ({ maxPerAuthor, maxPerCategory }: SpreadRules): boolean =>
  maxPerAuthor > 0 || maxPerCategory > 0;

/** Of the best this many the slate is chosen, so that its cost is bounded. */
const POOL_PER_PLACE = 5;
const POOL_MIN = 50;
const POOL_MAX = 300;
const MS_PER_DAY = 86_400_000;

/**
 * The slate, and behind it up to `extra` of the others in their order: as many as keep the caps together with the slate.
 *
 * Maximal marginal relevance (Carbonell and Goldstein, 1998): each place takes the candidate with the highest
 * lambda * relevance - (1 - lambda) * likeness to the most similar one above, among those that caps and quota admit;
 * of equal ones the first. Relevance is min-max normalised over the pool, likeness is the Jaccard index of tags.
 */
export function spreadOut(
  candidates: readonly Candidate[],
  rules: SpreadRules,
  {
    k,
    extra,
    nowMs,
    pool: wanted = candidates,
  }: {
    readonly k: number;
    readonly extra: number;
    readonly nowMs: number;
    /** Those of them that the slate is chosen from; all where it is not given. */
    readonly pool?: readonly Candidate[];
  },
): readonly Candidate[] {
  const isFresh = freshness(rules, nowMs);
  const pool = poolOf(wanted, k, isFresh);
  const caps = new Caps(rules);
  const chosen = slateOf(pool, rules, k, caps, isFresh);
  const taken = new Set(chosen);
  for (const candidate of candidates) {
    if (chosen.length >= k + extra) break;
    if (taken.has(candidate) || !caps.admit(candidate)) continue;
    caps.note(candidate);
    chosen.push(candidate);
  }
  return chosen;
}

/** Items that a slate of `k` is chosen from, unless caps ask for more. */
export const spreadPool = (k: number): number => Math.min(Math.max(POOL_MIN, POOL_PER_PLACE * k), POOL_MAX);

type IsFresh = (candidate: Candidate) => boolean;

/** The best, and of the others the best new ones, which a quota may ask for. */
function poolOf(candidates: readonly Candidate[], k: number, isFresh: IsFresh): readonly Candidate[] {
  const size = spreadPool(k);
  if (candidates.length <= size) return candidates;
  return [...candidates.slice(0, size), ...candidates.slice(size).filter(isFresh).slice(0, k)];
}

function slateOf(
  pool: readonly Candidate[],
  { diversityLambda: lambda, freshnessQuota }: SpreadRules,
  k: number,
  caps: Caps,
  isFresh: IsFresh,
): Candidate[] {
  const relevance = relevanceOf(pool);
  const likeness = new Likeness(lambda < 1 ? pool.map(({ card }) => card.tags) : pool.map(() => []));
  const isTaken = new Uint8Array(pool.length);
  let freshLeft = Math.min(Math.ceil(freshnessQuota * k), pool.filter(isFresh).length);
  const chosen: Candidate[] = [];
  /** Of those admitted the one of the highest measure, of equal ones the first; -1: none is. */
  const bestOf = (onlyFresh: boolean): number => {
    let best = -1;
    let bestValue = Number.NEGATIVE_INFINITY;
    for (let at = 0; at < pool.length; at++) {
      if (isTaken[at] === 1) continue;
      const value = lambda * (relevance[at] as number) - (1 - lambda) * (likeness.values[at] as number);
      if (value <= bestValue) continue;
      const candidate = pool[at] as Candidate;
      if (!caps.admit(candidate) || (onlyFresh && !isFresh(candidate))) continue;
      best = at;
      bestValue = value;
    }
    return best;
  };
  while (chosen.length < k) {
    const onlyFresh = k - chosen.length <= freshLeft;
    const best = bestOf(onlyFresh);
    if (best === -1) {
      // The caps leave fewer fresh ones than the quota asks for: the places go to others.
      if (!onlyFresh) break;
      freshLeft = 0;
      continue;
    }
    const candidate = pool[best] as Candidate;
    isTaken[best] = 1;
    caps.note(candidate);
    if (freshLeft > 0 && isFresh(candidate)) freshLeft--;
    chosen.push(candidate);
    if (lambda < 1) likeness.raise(best);
  }
  return chosen;
}

function relevanceOf(pool: readonly Candidate[]): Float64Array {
  const scores = pool.map(({ score }) => score);
  const most = Math.max(...scores);
  const least = Math.min(...scores);
  return Float64Array.from(scores, (score) => (most > least ? (score - least) / (most - least) : 1));
}

/** ISO time; items that were published since are new. */
export const bornAfter = ({ freshDays }: SpreadRules, nowMs: number): string =>
  new Date(nowMs - freshDays * MS_PER_DAY).toISOString();

function freshness(rules: SpreadRules, nowMs: number): IsFresh {
  if (rules.freshnessQuota === 0) return () => false;
  const after = bornAfter(rules, nowMs);
  return ({ card }) => card.published_at !== null && card.published_at >= after;
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
    const { maxPerAuthor, maxPerCategory } = this.#rules;
    if (maxPerAuthor > 0 && author !== null) this.#authors.set(author, (this.#authors.get(author) ?? 0) + 1);
    if (maxPerCategory > 0 && category !== null)
      this.#categories.set(category, (this.#categories.get(category) ?? 0) + 1);
  }
}

const hasRoom = (counts: ReadonlyMap<string, number>, name: string | null, max: number) =>
  max === 0 || name === null || (counts.get(name) ?? 0) < max;
