/** What recommendation answers say about the policy that made them. */

import type { PolicyLabel } from "../recommend/policy.ts";
import type { RecoAnswer } from "../recommend/recommender.ts";
import type { Headers } from "./route.ts";

export const EXPERIMENT_VARIANT = "control";

/** Made once a policy: every answer carries them. */
const made = new WeakMap<PolicyLabel, Headers>();

export function policyHeaders({ degraded, label }: RecoAnswer): Headers {
  let headers = made.get(label);
  if (headers === undefined) {
    headers = { "X-Reco-Variant": label.variant, "X-Reco-Policy": label.name };
    made.set(label, headers);
  }
  return degraded === null ? headers : { ...headers, "X-Reco-Degraded": degraded };
}
