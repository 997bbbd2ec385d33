/** Decides which users a shadow answers: always the same ones for the same run. */

import { createHash } from "node:crypto";

/** First 8 hex digits of SHA-256(`shadow:<run_id>:<subject>`) as a share of 0xFFFFFFFF. */
export function rolloutShare(runId: string, subject: string): number {
  const digest = createHash("sha256").update(`shadow:${runId}:${subject}`, "utf8").digest();
  return digest.readUInt32BE(0) / 0xffff_ffff;
}

/** `rollout` from 0 to 1; 0 is nobody. */
export const isInRollout = (runId: string, subject: string, rollout: number): boolean =>
  rollout > 0 && rolloutShare(runId, subject) < rollout;
