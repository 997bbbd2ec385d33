/** What a policy does with its ranked list: how it spreads and explores, and whether what was seen comes back. */

import { type ExplorationRules, NO_EXPLORATION } from "./exploration.ts";
import type { ReplaySeen } from "./returning.ts";
import { NO_SPREAD, type SpreadRules } from "./spread.ts";

export interface ServingRules {
  readonly spread: SpreadRules;
  readonly exploration: ExplorationRules;
  /** Null: what was seen stays away. */
  readonly replaySeen: ReplaySeen | null;
}

/** Rules of a run, and of the surfaces that have others. */
export interface RunRules {
  readonly rules: ServingRules;
  readonly surfaces: ReadonlyMap<string, ServingRules>;
}

/** Of built-in policies: their slate is the ranked list, cut. */
export const PLAIN_RULES: ServingRules = {
  spread: NO_SPREAD,
  exploration: NO_EXPLORATION,
  replaySeen: null,
};
