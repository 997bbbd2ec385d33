/** Every error answer reco makes: the named failures, thrown errors as failures, and their one envelope. */

import { DeadlineExceededError } from "../core/deadline.ts";
import { StoreDataError, StoreUnavailableError } from "../core/errors.ts";
import { type Issue, valueError } from "../events/issue.ts";
import { presentable } from "./presentable.ts";
import { json } from "./reply.ts";
import type { CallIds, ErrorCode, Failure, Headers, Reply, Route, StoreFailure } from "./route.ts";

/** Locs named in the message of a 422; the list itself is in `detail`. */
const NAMED_LOCS_MAX = 5;

export function failure(
  status: number,
  code: ErrorCode,
  detail: string,
  options: { message?: string; headers?: Headers } = {},
): Failure {
  const base = { kind: "failure", status, code, detail, message: options.message ?? detail } as const;
  return options.headers === undefined ? base : { ...base, headers: options.headers };
}

/** 422 with the issues as `detail`. */
export function invalid(issues: readonly Issue[]): Failure {
  const shown = issues.map(presentable);
  const locs = [...new Set(shown.map(({ loc }) => loc.join(".")))];
  const more = locs.length > NAMED_LOCS_MAX ? ` and ${locs.length - NAMED_LOCS_MAX} more` : "";
  const message = `Validation failed: ${locs.slice(0, NAMED_LOCS_MAX).join(", ")}${more}`;
  return { kind: "failure", status: 422, code: "validation_error", detail: shown, message };
}

export const NOT_FOUND = failure(404, "not_found", "Not Found", { message: "Endpoint not found" });
export const UNAUTHORIZED = failure(401, "unauthorized", "Invalid or missing API key");
export const FORBIDDEN = failure(403, "forbidden", "Administration is not allowed for this caller");
export const KEY_NOT_CONFIGURED = failure(503, "api_key_not_configured", "No API key is configured");
export const KEY_IN_QUERY = failure(400, "key_in_query", "Send the API key in the x-api-key header only");
export const BAD_CONTENT_LENGTH = failure(400, "invalid_content_length", "Invalid Content-Length header");
export const TOO_LARGE = failure(413, "payload_too_large", "Payload too large");
export const UNSUPPORTED_TYPE = failure(
  415,
  "unsupported_media_type",
  "The body must be application/json in UTF-8, without Content-Encoding",
);
export const SHUTTING_DOWN = failure(503, "service_shutting_down", "The service is shutting down");
export const OVERLOADED = failure(503, "overloaded", "The service is overloaded");
export const DEADLINE_EXCEEDED = failure(504, "deadline_exceeded", "Deadline exceeded");
export const DOCS_DISABLED = failure(403, "feature_disabled", "The API documentation is switched off");
export const METRICS_DISABLED = failure(501, "metrics_unavailable", "prometheus_client is not installed");
export const EVENT_CONFLICT = failure(409, "event_id_conflict", "The event id is known with another body", {
  headers: { "X-Event-Conflict": "true" },
});
/** Nobody reads this one: it keeps broken-off bodies apart from our own errors in logs and metrics. */
export const CLIENT_CLOSED = failure(499, "client_closed_request", "The client closed the request");
export const INTERNAL_ERROR = failure(500, "internal_error", "Internal Server Error");

export const DATABASE_UNAVAILABLE: StoreFailure = {
  code: "database_unavailable",
  detail: "Database unavailable",
};

/** What a thrown error is to the client, or null when it is a bug of ours. */
export function knownFailure(error: Error, route: Pick<Route, "storeFailure">): Failure | null {
  if (error instanceof StoreUnavailableError) {
    // Nothing was asked of the store: others are in the way.
    if (error.reason === "pool") return OVERLOADED;
    const { code, detail } = route.storeFailure ?? DATABASE_UNAVAILABLE;
    return failure(503, code, detail);
  }
  if (error instanceof StoreDataError) {
    return invalid([{ ...valueError("the store refused the data", null), loc: ["body"] }]);
  }
  if (error instanceof DeadlineExceededError) return DEADLINE_EXCEEDED;
  return null;
}

/** The one error body. */
export function envelope(failed: Failure, ids: CallIds): Reply {
  return json(
    failed.status,
    {
      detail: failed.detail,
      error_code: failed.code,
      error: failed.message,
      message: failed.message,
      request_id: ids.requestId,
      trace_id: ids.requestId,
    },
    failed.headers,
  );
}
