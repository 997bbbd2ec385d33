/** The words of the document about the routes of models. */

import { runsLimitField } from "../routes/models.ts";
import type { Described, Operation } from "./operation.ts";
import { errorAnswer, jsonAnswer, validationError } from "./responses.ts";
import { ref } from "./schema.ts";

const badBody: readonly Described[] = [errorAnswer(415, ["unsupported_media_type"]), validationError()];
const refused: readonly Described[] = [errorAnswer(404, ["not_found"]), errorAnswer(409, ["conflict"])];

export const MODEL_OPERATIONS = {
  models: {
    tag: "models",
    summary: "What serves, and what is loaded beside it",
    answers: [jsonAnswer("As this worker has it.", ref("Models"))],
  },
  shadowReport: {
    tag: "models",
    summary: "How a loaded shadow differs from what serves",
    description:
      "A share of the requests is ranked by both once they are answered. Lists, orders, scores and times are compared " +
      "over all workers of the tree; no answer is changed by it.",
    answers: [jsonAnswer("Null where there is nothing to tell.", ref("ShadowReport"))],
  },
  reload: {
    tag: "models",
    summary: "Load, promote or roll out a model",
    description:
      "`shadow` loads a run beside the one that serves. `primary` with a run promotes it to the active slot; with a " +
      "rollout alone it changes the shadow's share; with neither it promotes the shadow, or reads the model anew. " +
      "A load that fails on any worker changes nothing.",
    body: "ModelReloadBody",
    answers: [
      jsonAnswer("Every worker answers by it.", ref("ModelReloaded")),
      errorAnswer(400, ["invalid_content_length", "key_in_query", "invalid_mode", "invalid_source"]),
      errorAnswer(500, ["internal_error", "policy_load_failed"]),
      ...refused,
      ...badBody,
    ],
  },
  policy: {
    tag: "models",
    summary: "Which run each slot holds, and which slot serves",
    answers: [jsonAnswer("The slots.", ref("PolicySlots"))],
  },
  runs: {
    tag: "models",
    summary: "Trained runs, the newest first",
    parameters: [{ in: "query", name: "limit", schema: { ...runsLimitField.schema, default: 20 } }],
    answers: [jsonAnswer("The runs.", ref("PolicyRuns")), validationError()],
  },
  promote: {
    tag: "models",
    summary: "Put a run into a slot",
    description:
      "The run passes all gates first. `blue` and `green` become active, unless `activate` says otherwise.",
    body: "PolicyPromoteBody",
    answers: [jsonAnswer("Every worker answers by it.", ref("PolicySwitched")), ...refused, ...badBody],
  },
  rollback: {
    tag: "models",
    summary: "Swap a slot's run with the one before",
    body: "PolicyRollbackBody",
    answers: [jsonAnswer("Every worker answers by it.", ref("PolicySwitched")), ...refused, ...badBody],
  },
} as const satisfies Record<string, Operation>;
