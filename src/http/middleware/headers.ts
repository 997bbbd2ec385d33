/** Makes the Response: the headers that every answer carries, in one plain object. */

import { HTML_TYPE } from "../reply.ts";
import type { CallIds, Headers, Reply } from "../route.ts";

const NOTHING_LOADS = "default-src 'none'; frame-ancestors 'none'";
const OWN_FILES_LOAD = "default-src 'self'; frame-ancestors 'none'";

/** `elapsedMs`: from the arrival of the request. `extra`: what the status asks for, such as Retry-After. */
export function toResponse(answer: Reply, ids: CallIds, elapsedMs: number, extra?: Headers): Response {
  // One literal handed to the constructor: setting headers one by one costs more than the rest of a call.
  return new Response(answer.body, {
    status: answer.status,
    headers: {
      ...(answer.contentType === null ? undefined : { "Content-Type": answer.contentType }),
      "X-Request-ID": ids.requestId,
      "X-Correlation-ID": ids.correlationId,
      "X-Response-Time": (elapsedMs / 1000).toFixed(4),
      "X-Content-Type-Options": "nosniff",
      "X-Frame-Options": "DENY",
      "Referrer-Policy": "no-referrer",
      "Cache-Control": "no-store",
      "Content-Security-Policy": answer.contentType === HTML_TYPE ? OWN_FILES_LOAD : NOTHING_LOADS,
      "Permissions-Policy": "geolocation=(), microphone=(), camera=()",
      "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
      ...answer.headers,
      ...extra,
    },
  });
}
