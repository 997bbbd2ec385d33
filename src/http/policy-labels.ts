/** What recommendation answers say about the policy that made them. */

import type { ModelVersion, RecoAnswer } from "../recommend/recommender.ts";
import type { Headers } from "./route.ts";

export const VARIANT = "primary";
export const EXPERIMENT_VARIANT = "control";

const RUN_ID = /[0-9]{8}_[0-9]{6}$/;

/** A built-in policy by its own name, a trained one by the slot it serves from and its run. */
export function policyName(modelVersion: ModelVersion): string {
  const [runId] = RUN_ID.exec(modelVersion) ?? [];
  return runId === undefined ? `builtin:${modelVersion}` : `default:${runId}`;
}

/** Made once a policy: every answer carries them, and a process serves few. */
const made = new Map<ModelVersion, Headers>();

export function policyHeaders({ degraded, modelVersion }: RecoAnswer): Headers {
  const headers = made.get(modelVersion) ?? {
    "X-Reco-Variant": VARIANT,
    "X-Reco-Policy": policyName(modelVersion),
  };
  made.set(modelVersion, headers);
  return degraded === null ? headers : { ...headers, "X-Reco-Degraded": degraded };
}
