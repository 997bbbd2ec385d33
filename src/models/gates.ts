/** What a run must pass before it may serve. */

import { readServingRules } from "./serving-document.ts";

export const POLICY_VERSION = "1.0.0";
/** Grows when the meaning of what a model holds changes: a model of another version is refused. */
export const FEATURE_SCHEMA_VERSION = "1.0.0";

/** What is known of a run; null where a document or the artifact is not there. */
export interface RunEvidence {
  /** The policy document, as it was written. */
  readonly policy: Readonly<Record<string, unknown>> | null;
  /** SHA-256 of the artifact, in hex. */
  readonly artifactSha256: string | null;
}

export type GateFailure =
  | "Policy is not usable"
  | "Policy contract version mismatch"
  | "Model artifact missing"
  | "Model checksum mismatch"
  | "Feature schema contract version mismatch"
  | `Policy is not usable: ${string}`;

/** The first gate that fails, in their order; null when the run may serve. */
export function failedGate({ policy, artifactSha256 }: RunEvidence): GateFailure | null {
  if (policy === null || policy["status"] !== "ok") return "Policy is not usable";
  if (policy["policy_version"] !== POLICY_VERSION) return "Policy contract version mismatch";
  if (artifactSha256 === null) return "Model artifact missing";
  const expected = policy["selected_model_sha256"];
  if (expected !== undefined && expected !== artifactSha256) return "Model checksum mismatch";
  if (policy["feature_schema_version"] !== FEATURE_SCHEMA_VERSION) {
    return "Feature schema contract version mismatch";
  }
  const serving = readServingRules(policy["serving"]);
  return serving.ok ? null : `Policy is not usable: ${serving.error}`;
}
