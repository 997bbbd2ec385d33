/** What off-policy estimates are made from: slates that one policy served, and what another would have shown instead. */

export interface ShownItem {
  readonly itemId: string;
  /** Probability with which it was shown here given the positions above it, more than 0 and at most 1. */
  readonly propensity: number;
  readonly clicked: boolean;
  readonly watchSec: number;
}

export interface LoggedSlate {
  readonly userId: string;
  /** From the top. */
  readonly shown: readonly ShownItem[];
  /** What the policy in question would have shown at the same moment, from the top, without exploration. */
  readonly target: readonly string[];
}

/** What a shown item brought. */
export type Reward = (item: ShownItem) => number;
