/** What a slate was made from, so that it can be explained and made again when everything has changed since. */

import type { ExplorationRules } from "../exploration.ts";
import type { ItemFacts, UserFacts } from "../expression.ts";
import type { SpreadRules } from "../spread.ts";

export type FeatureValues = Float32Array | Float64Array;

/** One number for each candidate, in their order. */
export interface FeatureColumn {
  readonly name: string;
  /** 0: the column orders, or explains, and adds nothing. */
  readonly weight: number;
  readonly values: FeatureValues;
}

/**
 * How candidates became a list. `blend`: min-max normalised columns summed; `rules`: the ranking of `rules-v1`;
 * `cold_start`: popularity spread over categories; `popular`: in the order of popularity; `paged`: as it stood in the
 * list of the page before, of which column `score` is.
 */
export type Ranking = "blend" | "rules" | "cold_start" | "popular" | "paged";

/** Columns of a `paged` list that are no sources: its score, and what `rules-v1` adds to popularity. */
export const PAGED_FEATURES: ReadonlySet<string> = new Set(["score", "co_vis_last"]);

export interface CandidateFeatures {
  readonly ranking: Ranking;
  /** Length that was asked of the ranking. */
  readonly length: number;
  /** In order of insertion, which decides between equals. */
  readonly itemIds: readonly string[];
  readonly columns: readonly FeatureColumn[];
  /** Of the candidates; for `cold_start` alone. */
  readonly categories: readonly (string | null)[] | null;
}

export interface ViewerFeatures {
  /** Items of the newest interactions, newest first, each as often as it was taken. */
  readonly recent: readonly string[];
  /** Aligned with `recent`; absent where signals counted nothing. */
  readonly signalWeights?: readonly number[];
  /** Items that must not be shown again. */
  readonly seen: readonly string[];
  /** Items that the user hides. */
  readonly hidden: readonly string[];
  /** Whether the events are those of one session. */
  readonly isGuest: boolean;
}

/** What filter, boost, caps, diversity and exploration had before them. */
export interface RefinedFeatures {
  /** Texts of the expressions that counted; null where there was none. */
  readonly filter: string | null;
  readonly boost: string | null;
  readonly spread: SpreadRules;
  /** The seed is of the slate; null where nothing was explored. */
  readonly exploration: ExplorationRules | null;
  /** So much of the ranked list came into question. */
  readonly length: number;
  /** Items that came behind it for being new. */
  readonly fresh: readonly string[];
  /** So many of both together were judged. */
  readonly judged: number;
  /**
   * Of the judged, in the order of the list: what was looked at, where the catalogue knows it; null where it could not be
   * read. Empty where nothing asks for it.
   */
  readonly cards: readonly (Partial<ItemFacts> | null)[];
  /** Null where they could not be read. */
  readonly user: UserFacts | null;
  /** Items that the user took, and the share of its score that each had again; absent where what was seen stays away. */
  readonly returning?: readonly (readonly [itemId: string, share: number])[];
  readonly nowMs: number;
}

export interface SlateFeatures {
  readonly candidates: CandidateFeatures;
  readonly viewer: ViewerFeatures;
  /** Null where the ranked list was the slate. */
  readonly refined: RefinedFeatures | null;
}

/**
 * Keeps what a list was made from by reference, and describes it when somebody stores the slate: the answer has gone out
 * by then. Kept lists are answered many times, and their features are stored once.
 */
export class Basis {
  /** Names the features in the store once they are on their way there. */
  featuresId: string | null = null;
  #describe: (() => SlateFeatures | null) | null;

  constructor(describe: () => SlateFeatures | null) {
    this.#describe = describe;
  }

  /** Null once they were taken. */
  describe(): SlateFeatures | null {
    return this.#describe?.() ?? null;
  }

  /** Lets go of what is held. */
  release(): void {
    this.#describe = null;
  }
}
