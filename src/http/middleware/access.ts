/** Gate 3: lets a call in by the route's auth class, the API key and, for administration, the admin key. */

import { type ApiKeyVerdict, createApiKeyCheck } from "../../access/api-key.ts";
import { isPrivateAddress } from "../../access/peer-address.ts";
import type { Config } from "../../config/config.ts";
import type { Metrics } from "../../telemetry/metrics-types.ts";
import { FORBIDDEN, KEY_IN_QUERY, KEY_NOT_CONFIGURED, UNAUTHORIZED } from "../errors.ts";
import type { Call, Failure, Route } from "../route.ts";

const KEY_NAMES = /(?:^|&)(?:x[-_])?(?:api|admin)[-_]?key(?:=|&|$)/i;
const BEARER = /^Bearer (.+)$/i;

type Gate = (route: Route, call: Call, peerAddress: () => string | null) => Failure | null;
type Refusal = Exclude<ApiKeyVerdict, "valid"> | "admin";

/** Counts refusals by reason; the client learns none. */
export function createAccessGate(
  { apiKeys, adminKey, modelReloadToken, authMode }: Config["http"],
  metrics: Metrics,
): Gate {
  const checkKey = createApiKeyCheck(apiKeys);
  const checkAdmin = createApiKeyCheck(adminKey === null ? [] : [adminKey]);
  const checkToken = createApiKeyCheck(modelReloadToken === null ? [] : [modelReloadToken]);
  const counted = (reason: Refusal) => metrics.counter("reco_auth_failures_total", { reason });
  const refusals = { missing: counted("missing"), invalid: counted("invalid"), admin: counted("admin") };
  const refuse = (reason: Refusal, failure: Failure): Failure => {
    refusals[reason].inc();
    return failure;
  };
  const keyed = (call: Call): Failure | null => {
    if (apiKeys.length === 0) return KEY_NOT_CONFIGURED;
    const verdict = checkKey(call.request.headers.get("x-api-key"));
    return verdict === "valid" ? null : refuse(verdict, UNAUTHORIZED);
  };
  const administration: Gate = (route, call, peerAddress) => {
    const { headers } = call.request;
    if (route.takesReloadToken) {
      const token = BEARER.exec(headers.get("authorization") ?? "")?.[1] ?? null;
      if (checkToken(token) === "valid") return null;
    }
    // An open server has no key to ask for: what changes it must come from near by.
    if (authMode === "open") return isPrivateAddress(peerAddress()) ? null : refuse("admin", FORBIDDEN);
    const refused = keyed(call);
    if (refused !== null) return refused;
    return checkAdmin(headers.get("x-admin-key")) === "valid" ? null : refuse("admin", FORBIDDEN);
  };
  return (route, call, peerAddress) => {
    // A key in an address ends up in the logs of everything between the client and us.
    if (call.query !== "" && KEY_NAMES.test(call.query)) return KEY_IN_QUERY;
    if (route.auth === "P") return null;
    if (route.auth === "A") return administration(route, call, peerAddress);
    return authMode === "open" ? null : keyed(call);
  };
}
