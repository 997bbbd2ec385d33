/** Catalogue recall as routes see it. */

import type { Deadline } from "../../core/deadline.ts";
import type { PolicyLabel } from "../policy.ts";
import type { DiversityFacts } from "./arrange.ts";
import type { Timeframe } from "./ports.ts";

export interface CatalogueRequest extends DiversityFacts {
  /** What the answer is to stand beside. */
  readonly itemId: string;
  readonly userId: string | null;
  readonly limit: number;
  readonly requestId: string;
}

export interface CatalogueItem {
  readonly itemId: string;
  readonly title: string | null;
  readonly price: number | null;
  readonly coverImage: string | null;
}

export interface RecalledItem extends CatalogueItem {
  readonly score: number;
  /** Names of what gave the score, joined with `+`. */
  readonly reason: string;
  /** With what probability the item had to come to its place. */
  readonly propensity: number;
}

export type FallbackCause = "timeout" | "error" | "empty";
export type FallbackSource = "redis" | "precomputed" | "popular";
/** `empty`: whatever is known must not be shown. `no_fallback`: nothing is known. */
export type Degraded = `${FallbackCause}:${FallbackSource | "empty" | "no_fallback"}`;

export interface CatalogueAnswer {
  readonly items: readonly RecalledItem[];
  /** Run id of the model, `rules-v1` without one. */
  readonly algorithmVersion: string;
  readonly label: PolicyLabel;
  readonly variant: "primary" | "shadow" | "fallback";
  readonly degraded: Degraded | null;
}

export interface TrendingAnswer {
  readonly items: readonly CatalogueItem[];
  readonly degraded: Degraded | null;
}

/** Never rejects: what fails goes down the fallback ladder. */
export interface CatalogueRecommender {
  /** Without items there is nothing to serve. */
  beside(request: CatalogueRequest, deadline: Deadline): Promise<CatalogueAnswer>;
  trending(timeframe: Timeframe, limit: number, deadline: Deadline): Promise<TrendingAnswer>;
}
