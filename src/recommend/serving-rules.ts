/** What a policy does with its ranked list: how it spreads and explores, and whether what was seen comes back. */

import { type ExplorationRules, NO_EXPLORATION } from "./exploration.ts";
import type { RankingRules } from "./ranking-rules.ts";
import type { ReplaySeen } from "./returning.ts";
import { NO_SPREAD, type SpreadRules } from "./spread.ts";

export interface ServingRules {
  readonly spread: SpreadRules;
  readonly exploration: ExplorationRules;
  /** Null: what was seen stays away. */
  readonly replaySeen: ReplaySeen | null;
}

export interface PolicyRules {
  readonly rules: ServingRules;
  /** Absent: the run ranks as it learned to. */
  readonly ranking?: RankingRules;
}

/** Rules of a run, and of the surfaces that have others. */
export interface RunRules extends PolicyRules {
  readonly surfaces: ReadonlyMap<string, PolicyRules>;
}

/** Of built-in policies: their slate is the ranked list, cut. */
export const PLAIN_RULES: ServingRules = {
  spread: NO_SPREAD,
  exploration: NO_EXPLORATION,
  replaySeen: null,
};
