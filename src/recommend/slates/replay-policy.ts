/** Finds the policy that a replay asks for. */

import type { Deadline } from "../../core/deadline.ts";
import { err, ok, type Result } from "../../core/result.ts";
import type { TrainedModel } from "../trained-model.ts";
import type { ReplayPolicy } from "./replay.ts";
import type { ServedSlate } from "./slate.ts";

export interface RunModels {
  /**
   * `not_retained`: the run is known, and its model file is gone or damaged. May throw StoreUnavailableError, and
   * DeadlineExceededError.
   */
  load(runId: string, deadline: Deadline): Promise<TrainedModel | "unknown" | "not_retained">;
}

export type PolicyProblem = { readonly kind: "unknown" | "not_retained"; readonly runId: string };

const RUN = /^(?:[a-z]+:)?(\d{8}_\d{6})$/;
const runOf = (policy: string) => RUN.exec(policy)?.[1] ?? null;

/** `asked`: `builtin:<name>`, a run id, alone or behind a slot; null and the slate's own policy are the stored one. */
export async function replayPolicy(
  asked: string | null,
  slate: Pick<ServedSlate, "policy">,
  models: RunModels,
  deadline: Deadline,
): Promise<Result<ReplayPolicy, PolicyProblem>> {
  const runId = asked === null ? null : runOf(asked);
  if (asked === null || asked === slate.policy || (runId !== null && runId === runOf(slate.policy))) {
    return ok({ kind: "stored" });
  }
  if (asked === "builtin:rules-v1") return ok({ kind: "rules-v1" });
  if (asked === "builtin:stream-v1") return ok({ kind: "stream-v1" });
  if (runId === null) return err({ kind: "unknown", runId: asked });
  const model = await models.load(runId, deadline);
  return typeof model === "string" ? err({ kind: model, runId }) : ok({ kind: "trained", model });
}
