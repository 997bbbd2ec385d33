/** Policy `stream-v1` written literally, with maps and a full sort, to check the fast one against. */

import type { Neighbours, ScoredItem } from "../../src/recommend/ports.ts";
import type { RecoItem, SourceName } from "../../src/recommend/ranked-list.ts";

export interface StreamWorld {
  /** Newest distinct items, newest first. */
  readonly newest: readonly string[];
  readonly neighbours: ReadonlyMap<string, Neighbours>;
  /** Linear scale, highest first. */
  readonly popularity: readonly ScoredItem[];
  readonly unwanted: ReadonlySet<string>;
}

const WEIGHTS = [0.7, 0.2, 0.1] as const;
const NAMES: readonly SourceName[] = ["sequential_rules", "co_visitation", "decayed_popularity"];
type Scores = [number, number, number];

/** Single precision, as the shares of a neighbour list are kept. */
const single = Math.fround;

export function referenceStream(
  { newest, neighbours, popularity, unwanted }: StreamWorld,
  k: number,
): RecoItem[] {
  const candidates = new Map<string, Scores>();
  let ageWeight = 1;
  for (const itemId of newest) {
    const { totalWeight, items } = neighbours.get(itemId) ?? { totalWeight: 0, items: [] };
    for (const { itemId: next, weight, count } of items) {
      if (unwanted.has(next) || (candidates.size === 800 && !candidates.has(next))) continue;
      const scores = candidates.get(next) ?? [0, 0, 0];
      scores[0] += ageWeight * single(weight / (totalWeight + 5));
      scores[1] += ageWeight * single(Math.log1p(count) / Math.log1p(totalWeight));
      candidates.set(next, scores);
    }
    ageWeight *= 0.7;
  }
  const wanted = popularity.filter(({ itemId }) => !unwanted.has(itemId));
  for (const { itemId } of wanted.slice(0, 200))
    if (!candidates.has(itemId)) candidates.set(itemId, [0, 0, 0]);
  for (const { itemId, score } of popularity) {
    const scores = candidates.get(itemId);
    if (scores) scores[2] = score;
  }
  const columns = [0, 1, 2].map((source) =>
    [...candidates.values()].map((scores) => scores[source] as number),
  );
  const ranges = columns.map((column) => ({ least: Math.min(...column), most: Math.max(...column) }));
  const shareOf = (scores: Scores, source: number) => {
    const { least = 0, most = 0 } = ranges[source] ?? {};
    return most > least
      ? ((WEIGHTS[source] as number) * ((scores[source] as number) - least)) / (most - least)
      : 0;
  };
  const ranked = [...candidates].map(([itemId, scores], order) => {
    const shares = NAMES.map((name, source) => ({ name, score: shareOf(scores, source) }));
    const score = shares.reduce((sum, share) => sum + share.score, 0);
    return {
      itemId,
      score,
      popularity: scores[2],
      order,
      sources: shares.filter((share) => share.score > 0),
    };
  });
  ranked.sort((a, b) => b.score - a.score || b.popularity - a.popularity || a.order - b.order);
  return ranked.slice(0, k).map(({ itemId, score, sources }) => ({ itemId, score, sources }));
}
