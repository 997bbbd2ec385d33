/** Answers what no route takes: 404, 405 with the allowed methods, and OPTIONS. */

import type { Context, Hono } from "hono";
import { failure, INTERNAL_ERROR, NOT_FOUND } from "./errors.ts";
import type { Finish, Track } from "./finish.ts";
import { readIds } from "./middleware/ids.ts";
import { reply } from "./reply.ts";
import type { HttpEnv, Outcome } from "./route.ts";
import { bindRouteMetrics } from "./route-metrics.ts";
import type { HttpServices } from "./services.ts";

type App = Hono<{ Bindings: HttpEnv }>;

/** Methods that routes may be declared with. */
const ROUTED = ["GET", "POST", "PUT", "DELETE"] as const;
const UNMATCHED = "unmatched";

export function answerUnmatched(app: App, services: HttpServices, finish: Finish): void {
  const { clock, random, metrics, log } = services;
  const tracks = new Map<string, Track>();
  const answer = (c: Context<{ Bindings: HttpEnv }>, path: string, outcome: Outcome): Response => {
    const track = tracks.get(path) ?? { path, count: bindRouteMetrics(metrics, path) };
    tracks.set(path, track);
    const request = c.req.raw;
    const exchange = {
      request,
      ids: readIds(request.headers, clock, random),
      startedMs: clock.monotonicMs(),
      userId: null,
    };
    return finish(exchange, c.env, track, outcome);
  };

  app.notFound((c) => {
    const { path, methods } = lookUp(app, c.req.path);
    if (methods.length === 0) return answer(c, UNMATCHED, NOT_FOUND);
    const allow = { Allow: methods.join(", ") };
    if (c.req.method === "OPTIONS") return answer(c, path, reply(204, null, null, allow));
    return answer(c, path, failure(405, "method_not_allowed", "Method Not Allowed", { headers: allow }));
  });
  // The pipeline answers its own errors; what arrives here is a bug in it.
  app.onError((error, c) => {
    log.error({ error, path: c.req.path }, `Request failed ${c.req.method}`);
    return answer(c, UNMATCHED, INTERNAL_ERROR);
  });
}

/** The template that `path` falls under and the methods it takes; none for an unknown path. */
function lookUp(app: App, path: string): { path: string; methods: readonly string[] } {
  let template = UNMATCHED;
  const methods: string[] = [];
  for (const method of ROUTED) {
    const route = app.router.match(method, path)[0][0]?.[0][1];
    if (route === undefined) continue;
    template = route.path;
    methods.push(method);
    if (method === "GET") methods.push("HEAD");
  }
  return { path: template, methods: methods.length === 0 ? [] : [...methods, "OPTIONS"] };
}
