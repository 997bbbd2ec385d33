/** What recommendation answers say about the policy that made them. */

import type { ModelVersion, RecoAnswer } from "../recommend/recommender.ts";
import type { Headers } from "./route.ts";

export const VARIANT = "primary";
export const EXPERIMENT_VARIANT = "control";

export const policyName = (modelVersion: ModelVersion) => `builtin:${modelVersion}`;

/** Made once: every answer carries them. */
const FULL_ANSWER: Readonly<Record<ModelVersion, Headers>> = {
  "rules-v1": { "X-Reco-Variant": VARIANT, "X-Reco-Policy": policyName("rules-v1") },
  "stream-v1": { "X-Reco-Variant": VARIANT, "X-Reco-Policy": policyName("stream-v1") },
};

export function policyHeaders({ degraded, modelVersion }: RecoAnswer): Headers {
  const headers = FULL_ANSWER[modelVersion];
  return degraded === null ? headers : { ...headers, "X-Reco-Degraded": degraded };
}
