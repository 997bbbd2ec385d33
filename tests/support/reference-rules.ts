/** The baseline policy written as literally as its specification: slow, obvious, and the oracle of the fast one. */

import type { RecoItem, RecoSource } from "../../src/recommend/ranked-list.ts";

export interface ReferenceState {
  /** Oldest first, at most 20. */
  readonly history: readonly string[];
  /** Item to count, highest first. */
  readonly related: ReadonlyMap<string, readonly (readonly [string, number])[]>;
  /** Highest first. */
  readonly popularity: readonly (readonly [string, number])[];
  readonly exclude?: ReadonlySet<string>;
}

interface Retrieved {
  readonly itemId: string;
  score: number;
  coVisitation: number;
}

/** Retrieval with its scores, best first. */
export function referenceRetrieval(state: ReferenceState, limit: number): Retrieved[] {
  const seen = new Set([...state.history, ...(state.exclude ?? [])]);
  const byItem = new Map<string, Retrieved>();
  const add = (itemId: string, amount: number, coVisitation: number) => {
    if (seen.has(itemId)) return;
    const entry = byItem.get(itemId) ?? { itemId, score: 0, coVisitation: 0 };
    entry.score += amount;
    entry.coVisitation += coVisitation;
    byItem.set(itemId, entry);
  };
  const sources = state.history.slice(-5).reverse();
  sources.forEach((source, depth) => {
    for (const [itemId, count] of (state.related.get(source) ?? []).slice(0, 200)) {
      add(itemId, count * (1 / (depth + 1)), count * (1 / (depth + 1)));
    }
  });
  for (const [itemId, score] of state.popularity.slice(0, Math.max(5 * limit, 500)))
    add(itemId, 0.1 * score, 0);
  return [...byItem.values()].sort((a, b) => b.score - a.score).slice(0, limit);
}

/** The answer of GET /reco. */
export function referenceReco(
  state: ReferenceState,
  k: number,
  popularity = new Map(state.popularity),
): RecoItem[] {
  const lastRelated = new Map((state.related.get(state.history.at(-1) ?? "") ?? []).slice(0, 200));
  const rows = referenceRetrieval(state, Math.max(20 * k, 200)).map((candidate) => {
    const popularityScore = popularity.get(candidate.itemId) ?? 0;
    const coVisLast = lastRelated.get(candidate.itemId) ?? 0;
    const sources: RecoSource[] = [];
    if (candidate.coVisitation > 0) sources.push({ name: "co_visitation", score: candidate.coVisitation });
    if (popularityScore > 0) sources.push({ name: "popularity", score: popularityScore });
    const score = 1.5 * coVisLast + 1.0 * popularityScore - 1.5 * 0;
    return { item: { itemId: candidate.itemId, score, sources }, popularityScore, coVisLast };
  });
  rows.sort(
    (a, b) =>
      b.item.score - a.item.score || b.popularityScore - a.popularityScore || b.coVisLast - a.coVisLast,
  );
  return rows.slice(0, Math.max(0, k)).map((row) => row.item);
}

/** The items of GET /recommend. */
export function referenceSuccessors(state: ReferenceState, k: number): string[] {
  const seen = new Set([...state.history, ...(state.exclude ?? [])]);
  const successors = (state.related.get(state.history.at(-1) ?? "") ?? []).slice(0, 200);
  const unseen = (pairs: readonly (readonly [string, number])[]) =>
    pairs.map(([itemId]) => itemId).filter((itemId) => !seen.has(itemId));
  return [...new Set([...unseen(successors), ...unseen(state.popularity).slice(0, 500)])].slice(0, k);
}
