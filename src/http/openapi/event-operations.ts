/** The words of the document about the event routes. */

import type { Operation } from "./operation.ts";
import { errorAnswer, jsonAnswer, validationError } from "./responses.ts";
import { ref } from "./schema.ts";

const REPEAT =
  "Repeating a call with the same event id stores nothing twice and answers `duplicate`. " +
  "After a timeout or a 5xx the outcome is unknown: repeat the call.";

function writing(
  summary: string,
  description: string,
  body: string,
  answer: string,
  canConflict: boolean,
): Operation {
  return {
    tag: "events",
    summary,
    description: `${description} ${REPEAT}`,
    body,
    answers: [
      jsonAnswer("Committed, or known already.", ref(answer), "X-Event-Conflict"),
      ...(canConflict ? [errorAnswer(409, ["event_id_conflict"])] : []),
      errorAnswer(415, ["unsupported_media_type"]),
      validationError(),
    ],
  };
}

export const EVENT_OPERATIONS = {
  event: writing(
    "Record one direct event",
    "Direct feedback: the user's features change with it. Without `event_id` a new id is made and the call " +
      "is not idempotent. With EVENT_ID_CONFLICT_MODE=reject another body under a known id is 409.",
    "DirectEvent",
    "EventAnswer",
    true,
  ),
  impression: writing(
    "Log the items that were shown",
    "Stored with its outbox row in one transaction.",
    "ImpressionEvent",
    "ImpressionAnswer",
    true,
  ),
  watch: writing(
    "Log that an item was watched",
    "Stored with its outbox row in one transaction; stored features follow through the stream.",
    "WatchEvent",
    "WatchAnswer",
    true,
  ),
  batch: writing(
    "Log several impressions and watches",
    "All or nothing. Members without `event_type` are impressions when they have `items`, else watches. " +
      "Known events are skipped, whatever their body.",
    "EventBatch",
    "BatchAnswer",
    false,
  ),
} as const satisfies Record<string, Operation>;
