/** What recommendation answers say about the policy that made them. */

import type { RecoAnswer } from "../recommend/recommender.ts";
import type { Headers } from "./route.ts";

export const POLICY = "builtin:rules-v1";
export const VARIANT = "primary";
export const EXPERIMENT_VARIANT = "control";

const FULL_ANSWER: Headers = { "X-Reco-Variant": VARIANT, "X-Reco-Policy": POLICY };

export function policyHeaders({ degraded }: RecoAnswer): Headers {
  return degraded === null ? FULL_ANSWER : { ...FULL_ANSWER, "X-Reco-Degraded": degraded };
}
