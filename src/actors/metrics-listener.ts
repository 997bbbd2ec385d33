/** The metrics listener of a tree: the text of `/metrics` and a liveness probe, on a port of their own. */

import { createServer, type Server } from "node:http";
import type { Config } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { ActorContext, ActorId } from "../supervisor/actor.ts";
import type { EventLoopLag } from "../telemetry/event-loop-lag.ts";
import type { Logger } from "../telemetry/logger.ts";
import { METRICS_CONTENT_TYPE } from "../telemetry/render-metrics.ts";
import type { ActorArgs } from "./tree.ts";
import { renderTreeMetrics } from "./tree-metrics.ts";

const SURVEY_MS = 500;
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 64;

export interface ListenerAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface ListenerPorts {
  /** Null when metrics are switched off. */
  readonly metricsText: (() => Promise<string>) | null;
  readonly loopLagMs: () => number;
  readonly maxLagMs: number;
  readonly uptimeMs: () => number;
}

/** The one actor of a tree that owns the listener: away from serving where possible. */
export function metricsOwner(config: Pick<Config, "roles">): ActorId {
  if (config.roles.includes("monitor")) return "monitor";
  if (config.roles.includes("http")) return "http-0";
  if (config.roles.includes("relay")) return "relay";
  return config.roles.includes("consumer") ? "consumer-0" : "trainer";
}

/** Answers one request; `path` comes without its query. */
export async function answerListener(path: string, ports: ListenerPorts): Promise<ListenerAnswer> {
  if (path === "/metrics" && ports.metricsText) {
    return { status: 200, contentType: METRICS_CONTENT_TYPE, body: await ports.metricsText() };
  }
  if (path === "/livez") {
    const lagMs = ports.loopLagMs();
    const live = lagMs <= ports.maxLagMs;
    return json(live ? 200 : 503, {
      status: live ? "ok" : "stalled",
      event_loop_lag_ms: rounded(lagMs),
      uptime_sec: rounded(ports.uptimeMs() / 1000),
    });
  }
  return json(404, { detail: "Not Found" });
}

const json = (status: number, body: object): ListenerAnswer => ({
  status,
  contentType: "application/json",
  body: JSON.stringify(body),
});

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

/** Listens when this actor is the owner. A port that cannot be bound is warned of, and the actor goes on. */
export function openMetricsListener(
  context: ActorContext<ActorArgs>,
  realm: { readonly log: Logger; readonly loopLag: EventLoopLag },
): Disposable {
  const { config } = context.args;
  if (context.id !== metricsOwner(config)) return { [Symbol.dispose]() {} };
  const ports: ListenerPorts = {
    metricsText: config.metrics.enabled ? () => renderTreeMetrics(context, SURVEY_MS) : null,
    loopLagMs: () => realm.loopLag.currentMs(),
    maxLagMs: config.http.livenessMaxLagMs,
    uptimeMs: uptimeOf(context.clock),
  };
  const server = serve(ports, context.fail);
  const { host, port } = config.metrics;
  server.on("error", (error) => realm.log.warn({ error, host, port }, "metrics.listen_failed"));
  server.listen({ host, port });
  return {
    [Symbol.dispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function serve(ports: ListenerPorts, fail: (error: unknown) => void): Server {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    answerListener(path, ports)
      .then(({ status, contentType, body }) => {
        response.writeHead(status, { "content-type": contentType, "cache-control": "no-store" });
        response.end(request.method === "HEAD" ? undefined : body);
      })
      .catch(fail);
  });
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

function uptimeOf(clock: Clock): () => number {
  const startedMs = clock.monotonicMs();
  return () => clock.monotonicMs() - startedMs;
}
