/** The words of the document about the routes of served slates. */

import { itemIdField } from "../reco-query.ts";
import { requestIdField } from "../routes/slates.ts";
import type { Described, Operation, Parameter } from "./operation.ts";
import { errorAnswer, jsonAnswer, validationError } from "./responses.ts";
import { ref } from "./schema.ts";

const requestId: Parameter = {
  in: "path",
  name: "request_id",
  schema: requestIdField.schema,
  required: true,
  description: "As the answer named it.",
};
const itemId: Parameter = { in: "path", name: "item_id", schema: itemIdField.schema, required: true };
const missing: readonly Described[] = [errorAnswer(404, ["not_found"]), validationError()];
const lost = errorAnswer(409, ["conflict"]);

export const SLATE_OPERATIONS = {
  get: {
    tag: "slates",
    summary: "A slate as it was served",
    description:
      "Slates are kept for SLATE_RETENTION_DAYS, and can be read within about a second of the answer.",
    parameters: [requestId],
    answers: [jsonAnswer("The slate.", ref("Slate")), ...missing],
  },
  explain: {
    tag: "slates",
    summary: "Where each item of a slate came from, and what made its score",
    description: "The contributions of an item add up to its score.",
    parameters: [requestId],
    answers: [jsonAnswer("The slate, explained.", ref("SlateExplanation")), ...missing],
  },
  whyNot: {
    tag: "slates",
    summary: "Why an item is not in a slate",
    description:
      "Exactly one verdict, with what shows it. 409 where the features of the slate were too large to be kept, or lost.",
    parameters: [requestId, itemId],
    answers: [jsonAnswer("The verdict.", ref("WhyNot")), lost, ...missing],
  },
  replay: {
    tag: "slates",
    summary: "Make a slate again from what it was made from",
    description:
      "By the policy that served it, or by `builtin:stream-v1`, `builtin:rules-v1` or a run, over the features that were " +
      "stored. 409 where they were too large to be kept, do not hold what the policy ranks by, or its model is gone.",
    parameters: [requestId],
    body: "SlateReplayBody",
    answers: [
      jsonAnswer("Both slates, and where they differ.", ref("SlateReplay")),
      lost,
      errorAnswer(415, ["unsupported_media_type"]),
      ...missing,
    ],
  },
} as const satisfies Record<string, Operation>;
