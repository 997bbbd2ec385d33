/** What a route is, what a handler gets and what it gives back. */

import type { Deadline } from "../core/deadline.ts";
import type { Issue } from "../events/issue.ts";
import type { Operation } from "./openapi/operation.ts";

/**
 * `P`: public. `C`: open in open mode, else a key with the scope. `A`: a key and the admin key, and in open mode a peer
 * on this machine or in a private network.
 */
export type AuthClass = "P" | "C" | "A";

export type Scope =
  | "events:write"
  | "recs:read"
  | "analytics:read"
  | "catalog:read"
  | "catalog:write"
  | "models:admin"
  | "explain:read";

/** Calls in flight at once in one worker, by class of route. */
export const ADMISSION_LIMITS = { serve: 256, ingest: 256, catalogue: 128, batch: 16, admin: 8 } as const;
export type AdmissionClass = keyof typeof ADMISSION_LIMITS;

export const ERROR_CODES = [
  "invalid_content_length",
  "invalid_mode",
  "invalid_source",
  "key_in_query",
  "unauthorized",
  "forbidden",
  "feature_disabled",
  "not_found",
  "method_not_allowed",
  "conflict",
  "event_id_conflict",
  "payload_too_large",
  "unsupported_media_type",
  "validation_error",
  "client_closed_request",
  "internal_error",
  "policy_load_failed",
  "metrics_unavailable",
  "database_unavailable",
  "persist_failed",
  "overloaded",
  "service_shutting_down",
  "api_key_not_configured",
  "not_ready",
  "nothing_to_serve",
  "deadline_exceeded",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export type Headers = Readonly<Record<string, string>>;

/** An answer whose body stands. */
export interface Reply {
  readonly kind: "reply";
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string | Uint8Array<ArrayBuffer> | null;
  readonly headers?: Headers;
}

/** An answer that becomes the error envelope, with the ids of its call. */
export interface Failure {
  readonly kind: "failure";
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string | object | readonly Issue[];
  readonly message: string;
  readonly headers?: Headers;
}

export type Outcome = Reply | Failure;

export interface CallIds {
  readonly requestId: string;
  readonly correlationId: string;
  /** True when the client chose the request id, so that a repeat of the call can be recognised. */
  readonly clientChosen: boolean;
}

/** One request on its way through the gates. */
export interface Call {
  readonly request: Request;
  /** Undecoded query string without `?`. */
  readonly query: string;
  readonly ids: CallIds;
  /** Monotonic. */
  readonly startedMs: number;
  /** The route's own until the deadline gate lowers it. */
  deadline: Deadline;
  budgetMs: number;
  /** Set by the handler once it knows, for the request line. */
  userId: string | null;
}

/** A route's own counting, once its answer stands. */
export type Observe = (status: number, latencyMs: number) => void;

/** What the server knows of a request beyond the request itself; handed to `app.fetch` as its second argument. */
export interface HttpEnv {
  readonly peerAddress?: (request: Request) => string | null;
}

export interface StoreFailure {
  readonly code: "persist_failed" | "database_unavailable";
  readonly detail: string;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly auth: AuthClass;
  readonly scope: Scope | null;
  /** Whether the token for reloading models opens it, too. */
  readonly takesReloadToken?: boolean;
  /** Null: health and metrics, which are never drained, timed or shed. */
  readonly admission: AdmissionClass | null;
  readonly budgetMs: number;
  /** What a store failure is called on this route; null where no store is asked. */
  readonly storeFailure: StoreFailure | null;
  readonly operation: Operation;
  readonly handle: (call: Call) => Outcome | Promise<Outcome>;
  readonly observe?: Observe;
}
