/** The health routes, answered from the snapshot alone. */

import { literalField } from "../../events/field.ts";
import { failure, invalid } from "../errors.ts";
import { eachParameter, QueryReader } from "../query.ts";
import { json, round3 } from "../reply.ts";
import type { Failure, Route } from "../route.ts";
import type { HealthView, HttpServices } from "../services.ts";

export const capabilityField = literalField("serve", "ingest");

type Name = "livez" | "startupz" | "healthz" | "readyz" | "health" | "ready";

export function healthHandlers({
  health,
  config,
  loadedModels,
}: HttpServices): Record<Name, Route["handle"]> {
  return {
    livez() {
      const { eventLoopLagMs, uptimeMs } = health();
      const figures = { event_loop_lag_ms: round3(eventLoopLagMs), uptime_sec: round3(uptimeMs / 1000) };
      if (eventLoopLagMs <= config.http.livenessMaxLagMs) return json(200, { status: "ok", ...figures });
      return notReady({ status: "stalled", ...figures }, "The event loop is stalled");
    },
    startupz: () =>
      health().started
        ? json(200, { status: "ok" })
        : notReady({ status: "starting" }, "The service is starting"),
    healthz: () => json(200, { status: "ok", ...dependencies(health()) }),
    readyz: (call) => readyz(health(), call.query),
    health: () => json(200, plainHealth(health())),
    ready: () => {
      const { primary, failure: refused } = loadedModels();
      const up = { status: "ok", service: "ready", model: primary.runId, policy_path: primary.policy };
      const down = { status: "degraded", service: "not_ready", model: null, policy_path: null };
      return health().draining || refused !== null ? json(503, down) : json(200, up);
    },
  };
}

function readyz(view: HealthView, query: string) {
  const reader = new QueryReader();
  let given: string | null | undefined;
  eachParameter(query, (name, value) => {
    if (name === "capability") given = value;
  });
  const capability = reader.optional("capability", given, capabilityField);
  if (reader.issues.length > 0) return invalid(reader.issues);
  const ready = isReady(view, capability);
  const payload = {
    ready,
    ...dependencies(view),
    ...(capability === "serve" ? { degraded: missing(view) } : undefined),
  };
  return ready ? json(200, payload) : notReady(payload, "Not ready");
}

function isReady(view: HealthView, capability: "serve" | "ingest" | undefined): boolean {
  if (view.draining) return false;
  // The last rung of the ladder needs no store: once started, some answer can always be given.
  if (capability === "serve") return view.started;
  const store = view.db && view.schemaKnown;
  return capability === "ingest" ? store : store && view.cache.ready;
}

function missing(view: HealthView): string[] {
  const checks = { db: view.db, schema: view.schemaKnown, online_cache: view.cache.ready };
  return Object.entries(checks).flatMap(([name, passed]) => (passed ? [] : [name]));
}

function dependencies({ db, cache, outbox }: HealthView) {
  return {
    checks: { db, online_cache: cache.ready },
    event_backbone: { mode: "transactional_outbox", outbox: db ? shownOutbox(outbox) : null },
    online_cache: cache,
  };
}

function shownOutbox(outbox: HealthView["outbox"]) {
  if (outbox === null || "error" in outbox) return outbox;
  const { pending, publishing, published, dead, oldestLagMs } = outbox;
  return { pending, publishing, published, dead, oldest_lag_ms: oldestLagMs };
}

function plainHealth({ db, cache }: HealthView) {
  const error = db ? (cache.ready ? null : "online cache unavailable") : "database unavailable";
  return {
    status: error === null ? "ok" : "degraded",
    service: "alive",
    cache: cache.enabled ? "enabled" : "disabled",
    // The built-in policy is code: it is loaded when the process runs.
    models_loaded: true,
    checks: { redis: cache.ready, models: true },
    ...(error === null ? undefined : { error }),
  };
}

const notReady = (payload: object, message: string): Failure => ({
  ...failure(503, "not_ready", message),
  detail: payload,
});
