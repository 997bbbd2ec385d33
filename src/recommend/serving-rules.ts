/** What a policy does with its ranked list: how it spreads and explores. */

import { type ExplorationRules, NO_EXPLORATION } from "./exploration.ts";
import { NO_SPREAD, type SpreadRules } from "./spread.ts";

export interface ServingRules {
  readonly spread: SpreadRules;
  readonly exploration: ExplorationRules;
}

/** Of built-in policies: their slate is the ranked list, cut. */
export const PLAIN_RULES: ServingRules = { spread: NO_SPREAD, exploration: NO_EXPLORATION };
