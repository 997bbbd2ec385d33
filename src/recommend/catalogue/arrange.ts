/** Cuts candidates down to an answer: without the worst, and not all of a kind. */

import { type CatalogCard, unknownCard } from "../catalog-cards.ts";
import { NO_SPREAD, spreadOut } from "../spread.ts";
import type { Candidate } from "./merge.ts";

/** Of fewer candidates none is dropped. */
const CUT_FROM = 10;
const KEPT_SHARE = 0.7;

/** Without the bottom 30 % where there are at least 10. */
export function cutBottom(candidates: readonly Candidate[]): readonly Candidate[] {
  if (candidates.length < CUT_FROM) return candidates;
  return candidates.slice(0, Math.ceil(KEPT_SHARE * candidates.length));
}

export type CatalogueRoute = "similar" | "detail";

/** What of a call decides how alike items may be. */
export interface DiversityFacts {
  readonly route: CatalogueRoute;
  /** Where on the site or app the answer is shown, as the caller names it. */
  readonly source: string;
  readonly isMobile: boolean;
}

const ROUTE_LAMBDA = { detail: 0.5, similar: 0.4 } as const;
const SOURCE_LAMBDA: Readonly<Record<string, number>> = { search: 0.6, landing: 0.3, home: 0.3 };
const MOBILE_LESS = 0.1;
const LEAST_LAMBDA = 0.2;

/** Weight of relevance against likeness: searchers want more of the same, those who look around less. */
export function lambdaOf({ route, source, isMobile }: DiversityFacts): number {
  const own = Object.hasOwn(SOURCE_LAMBDA, source) ? SOURCE_LAMBDA[source] : undefined;
  const lambda = (own ?? ROUTE_LAMBDA[route]) - (isMobile ? MOBILE_LESS : 0);
  // In tenths, so that 0.6 - 0.1 is 0.5.
  return Math.max(LEAST_LAMBDA, Math.round(lambda * 10) / 10);
}

/** The first `limit` by maximal marginal relevance over the Jaccard index of tags. */
export function diversify(
  candidates: readonly Candidate[],
  lambda: number,
  limit: number,
  cardOf: (itemId: string) => CatalogCard | undefined,
): Candidate[] {
  const rows = candidates.map(({ itemId, score }, place) => ({
    place,
    factor: 1,
    card: cardOf(itemId) ?? unknownCard(itemId),
    score,
  }));
  const rules = { ...NO_SPREAD, diversityLambda: lambda };
  return spreadOut(rows, rules, { k: limit, extra: 0, nowMs: 0 }).map(
    ({ place }) => candidates[place] as Candidate,
  );
}
