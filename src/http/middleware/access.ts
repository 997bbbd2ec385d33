/** Gate 3: lets a call in by the route's auth class and the API key. */

import { createApiKeyCheck } from "../../access/api-key.ts";
import type { Config } from "../../config/config.ts";
import type { Metrics } from "../../telemetry/metrics-types.ts";
import { KEY_IN_QUERY, KEY_NOT_CONFIGURED, UNAUTHORIZED } from "../errors.ts";
import type { Call, Failure, Route } from "../route.ts";

const KEY_NAMES = /(?:^|&)(?:x[-_])?api[-_]?key(?:=|&|$)/i;

/** Counts refusals by reason; the client learns none. */
export function createAccessGate(
  { apiKeys, authMode }: Config["http"],
  metrics: Metrics,
): (route: Route, call: Call) => Failure | null {
  const check = createApiKeyCheck(apiKeys);
  const refusals = {
    missing: metrics.counter("reco_auth_failures_total", { reason: "missing" }),
    invalid: metrics.counter("reco_auth_failures_total", { reason: "invalid" }),
  };
  return (route, call) => {
    // A key in an address ends up in the logs of everything between the client and us.
    if (call.query !== "" && KEY_NAMES.test(call.query)) return KEY_IN_QUERY;
    if (route.auth === "P" || authMode === "open") return null;
    if (apiKeys.length === 0) return KEY_NOT_CONFIGURED;
    const verdict = check(call.request.headers.get("x-api-key"));
    if (verdict === "valid") return null;
    refusals[verdict].inc();
    return UNAUTHORIZED;
  };
}
