/** Leads a matched request through the gates, in their fixed order, to its handler. */

import type { Context } from "hono";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import { attempt, chain, type MaybePromise, settle } from "../core/maybe-promise.ts";
import { CLIENT_CLOSED, INTERNAL_ERROR, knownFailure, OVERLOADED } from "./errors.ts";
import { createFinish, type Finish, type Track } from "./finish.ts";
import { createAccessGate } from "./middleware/access.ts";
import { Admission } from "./middleware/admission.ts";
import { applyDeadline } from "./middleware/deadline.ts";
import { checkDraining } from "./middleware/draining.ts";
import { readIds } from "./middleware/ids.ts";
import { checkSize } from "./middleware/size.ts";
import { queryOf } from "./query.ts";
import { shownUserId } from "./request-log.ts";
import type { Call, HttpEnv, Outcome, Route } from "./route.ts";
import { bindRouteMetrics } from "./route-metrics.ts";
import type { HttpServices } from "./services.ts";

export type Handler = (c: Context<{ Bindings: HttpEnv }>) => MaybePromise<Response>;

/** Makes the handlers of routes; the router did gate 2 before them. */
export function createPipeline(services: HttpServices, finish: Finish = createFinish(services)) {
  const { clock, random, metrics, config } = services;
  const access = createAccessGate(config.http, metrics);
  const admission = new Admission(metrics, config.outbox.highWater);

  const throughGates = (route: Route, call: Call, env: HttpEnv | undefined): MaybePromise<Outcome> => {
    const peerAddress = () => env?.peerAddress?.(call.request) ?? null;
    const refused = access(route, call, peerAddress) ?? checkSize(call, config.http.maxBodyBytes);
    if (refused !== null) return refused;
    const { admission: admissionClass } = route;
    if (admissionClass === null) return route.handle(call);
    const health = services.health();
    const late = checkDraining(health) ?? applyDeadline(call, clock);
    if (late !== null) return late;
    if (!admission.enter(admissionClass, call, health)) return OVERLOADED;
    return settle(
      () => route.handle(call),
      () => admission.leave(admissionClass),
    );
  };

  return (route: Route): Handler => {
    const track: Track = {
      path: route.path,
      count: bindRouteMetrics(metrics, route.path),
      observe: route.observe,
    };
    const aborted = metrics.counter("reco_client_aborted_total", { class: route.admission ?? "admin" });
    return (c) => {
      const request = c.req.raw;
      const startedMs = clock.monotonicMs();
      const call: Call = {
        request,
        query: queryOf(request.url),
        ids: readIds(request.headers, clock, random),
        startedMs,
        deadline: Deadline.after(route.budgetMs, clock),
        budgetMs: route.budgetMs,
        userId: null,
      };
      const outcome = attempt(
        () => throughGates(route, call, c.env),
        (thrown) => failed(services, route, call, asError(thrown)),
      );
      return chain(outcome, (answered) => {
        if (answered === CLIENT_CLOSED || request.signal.aborted) aborted.inc();
        return finish(call, c.env, track, answered);
      });
    };
  };
}

function failed({ log, config }: HttpServices, route: Route, call: Call, error: Error): Outcome {
  const { method } = call.request;
  const fields = {
    error,
    path: route.path,
    user_id: shownUserId(call.userId, config.log.userIds),
    request_id: call.ids.requestId,
    correlation_id: call.ids.correlationId,
    trace_id: call.ids.requestId,
  };
  const known = knownFailure(error, route);
  if (known === null) log.error(fields, `Request failed ${method} ${route.path}`);
  else log.warn(fields, "request.refused_by_store");
  return known ?? INTERNAL_ERROR;
}
