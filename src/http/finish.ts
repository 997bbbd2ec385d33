/** Turns an outcome into the response that leaves: envelope, headers, metrics and the request line. */

import { envelope } from "./errors.ts";
import { toResponse } from "./middleware/headers.ts";
import { sentPath } from "./path.ts";
import { createRequestLog } from "./request-log.ts";
import type { CallIds, Headers, HttpEnv, Observe, Outcome, Reply } from "./route.ts";
import type { CountAnswer } from "./route-metrics.ts";
import type { HttpServices } from "./services.ts";

/** Longest random share of a Retry-After, in s, so that refused clients do not come back together. */
const RETRY_AFTER_MAX_SEC = 5;

export interface Exchange {
  readonly request: Request;
  readonly ids: CallIds;
  readonly startedMs: number;
  readonly userId: string | null;
}

/** The constant half: what is known of a route before a request comes. */
export interface Track {
  /** The route template, or `unmatched`. */
  readonly path: string;
  readonly count: CountAnswer;
  readonly observe?: Observe | undefined;
}

export type Finish = (
  exchange: Exchange,
  env: HttpEnv | undefined,
  track: Track,
  outcome: Outcome,
) => Response;

export function createFinish(services: HttpServices): Finish {
  const { clock, random, metrics, log, config } = services;
  const writeLine = createRequestLog(log, config.log);
  const extraHeaders = (method: string, { status, body }: Reply): Headers | undefined => {
    // The body of a HEAD goes no further, but its length is the one that GET would answer with.
    const length =
      method === "HEAD" ? { "Content-Length": String(Buffer.byteLength(body ?? "")) } : undefined;
    if (status !== 503) return length;
    return { ...length, "Retry-After": String(1 + Math.floor(random.next() * RETRY_AFTER_MAX_SEC)) };
  };
  return (exchange, env, track, outcome) => {
    const { request, ids } = exchange;
    const { status } = outcome;
    if (outcome.kind === "failure" && status >= 500) {
      metrics.counter("error_total", { error_type: outcome.code, endpoint: track.path }).inc();
    }
    const answer = outcome.kind === "reply" ? outcome : envelope(outcome, ids);
    const elapsedMs = Math.max(0, clock.monotonicMs() - exchange.startedMs);
    const response = toResponse(answer, ids, elapsedMs, extraHeaders(request.method, answer));
    track.count(request.method, status, elapsedMs);
    track.observe?.(status, elapsedMs);
    writeLine({
      ids,
      method: request.method,
      path: track.path,
      rawPath: sentPath(request.url),
      status,
      elapsedMs,
      userId: exchange.userId,
      ip: env?.peerAddress?.(request) ?? null,
      userAgent: request.headers.get("user-agent"),
    });
    return response;
  };
}
