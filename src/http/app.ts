/** Every route of reco in one table, and the app that answers them. */

import { Hono } from "hono";
import { DATABASE_UNAVAILABLE } from "./errors.ts";
import { createFinish } from "./finish.ts";
import { CATALOG_OPERATIONS as CATALOG, USER_OPERATIONS as USER } from "./openapi/catalog-operations.ts";
import { openApiText } from "./openapi/document.ts";
import { EVENT_OPERATIONS as EVENT } from "./openapi/event-operations.ts";
import { MODEL_OPERATIONS as MODEL } from "./openapi/model-operations.ts";
import {
  ANALYTICS_OPERATIONS as ANALYTICS,
  DOCS_OPERATIONS as DOCS,
  HEALTH_OPERATIONS as HEALTH,
  METRICS_OPERATION as METRICS,
} from "./openapi/other-operations.ts";
import { RECALL_OPERATIONS as RECALL } from "./openapi/recall-operations.ts";
import { RECO_OPERATIONS as RECO } from "./openapi/reco-operations.ts";
import { SLATE_OPERATIONS as SLATE } from "./openapi/slate-operations.ts";
import { takenPath } from "./path.ts";
import { createPipeline } from "./pipeline.ts";
import { DETAIL_PATH, SIMILAR_PATH } from "./recall-query.ts";
import { RetrySlates } from "./retry-slates.ts";
import type { HttpEnv, Route, StoreFailure } from "./route.ts";
import { analyticsHandlers } from "./routes/analytics.ts";
import { catalogHandlers, ITEM_PATH } from "./routes/catalog.ts";
import { docsHandlers } from "./routes/docs.ts";
import { healthHandlers } from "./routes/health.ts";
import { ingestHandlers } from "./routes/ingest.ts";
import { metricsHandler } from "./routes/metrics.ts";
import { modelHandlers } from "./routes/models.ts";
import { recallHandlers } from "./routes/recall.ts";
import { recoHandler } from "./routes/reco.ts";
import { recommendHandler } from "./routes/recommend.ts";
import { recommendManyHandler } from "./routes/recommend-many.ts";
import { EXPLAIN_PATH, REPLAY_PATH, SLATE_PATH, slateHandlers, WHY_NOT_PATH } from "./routes/slates.ts";
import { HIDDEN_ITEM_PATH, HIDDEN_ITEMS_PATH, USER_PATH, userHandlers } from "./routes/users.ts";
import type { HttpServices } from "./services.ts";
import { StaticFirstRouter } from "./static-first-router.ts";
import { answerUnmatched } from "./unmatched.ts";

/** Longest time for an answer, by kind of route. */
const INGEST_MS = 2_000;
const SLOW_MS = 10_000;
/** Waits until every worker has loaded the model, and takes it back where one cannot. */
const SWITCH_MS = 45_000;

/**
 * The app. Whoever applies events of a user calls `slates.forget(userId)` afterwards; hand in the
 * instance for that.
 */
export function createApp(
  services: HttpServices,
  slates: RetrySlates = new RetrySlates(services.clock),
): Hono<{ Bindings: HttpEnv }> {
  const app = new Hono<{ Bindings: HttpEnv }>({ getPath: takenPath, router: new StaticFirstRouter() });
  const finish = createFinish(services);
  const handlerOf = createPipeline(services, finish);
  for (const entry of listRoutes(services, slates)) app.on(entry.method, entry.path, handlerOf(entry));
  answerUnmatched(app, services, finish);
  return app;
}

/** The route table. `P` is public, `C` needs a key with the scope outside open mode. */
export function listRoutes(services: HttpServices, slates: RetrySlates): readonly Route[] {
  const { deadlineMs: recoMs, catalogueDeadlineMs: recallMs } = services.config.reco;
  const docs = docsHandlers(services, () => openApiText(routes, services.config));
  const ingest = ingestHandlers(services);
  const reco = recoHandler(services, slates);
  const recommend = recommendHandler(services);
  const many = recommendManyHandler(services);
  const recall = recallHandlers(services);
  const catalog = catalogHandlers(services);
  const user = userHandlers(services);
  const model = modelHandlers(services);
  const slate = slateHandlers(services);
  const analytics = analyticsHandlers(services);
  const health = healthHandlers(services);
  const metrics = metricsHandler(services);

  // biome-ignore format: a table is read by its columns.
  const routes: readonly Route[] = [
    //    method  path                  auth scope         admission    budget    handler           document                    store failure
    route("POST", "/event",               "C", "events:write", "ingest", INGEST_MS, ingest.event,      EVENT.event,      unsaved("event")),
    route("POST", "/log/impression",      "C", "events:write", "ingest", INGEST_MS, ingest.impression, EVENT.impression, unsaved("impression event")),
    route("POST", "/log/watch",           "C", "events:write", "ingest", INGEST_MS, ingest.watch,      EVENT.watch,      unsaved("watch event")),
    route("POST", "/log/batch",           "C", "events:write", "batch",  SLOW_MS,   ingest.batch,      EVENT.batch,      unsaved("batch events")),

    route("GET", "/reco",                 "C", "recs:read", "serve", recoMs, reco,      RECO.reco,      null),
    route("GET", "/recommend",            "C", "recs:read", "serve", recoMs, recommend, RECO.recommend, null),
    route("POST", "/recommend",           "C", "recs:read", "serve", recoMs, many,      RECO.recommendMany, null),

    route("GET", SIMILAR_PATH,            "C", "recs:read", "serve", recallMs, recall.similar,  RECALL.similar,  null),
    route("GET", DETAIL_PATH,             "C", "recs:read", "serve", recallMs, recall.detail,   RECALL.detail,   null),
    route("GET", "/hot/trending",         "C", "recs:read", "serve", recallMs, recall.trending, RECALL.trending, null),

    route("PUT", ITEM_PATH,               "C", "catalog:write", "catalogue", INGEST_MS, catalog.put,    CATALOG.put,    DATABASE_UNAVAILABLE),
    route("GET", ITEM_PATH,               "C", "catalog:read",  "catalogue", INGEST_MS, catalog.get,    CATALOG.get,    DATABASE_UNAVAILABLE),
    route("DELETE", ITEM_PATH,            "C", "catalog:write", "catalogue", INGEST_MS, catalog.remove, CATALOG.remove, DATABASE_UNAVAILABLE),
    route("GET", "/catalog/items",        "C", "catalog:read",  "catalogue", INGEST_MS, catalog.list,   CATALOG.list,   DATABASE_UNAVAILABLE),
    route("POST", "/catalog/items",       "C", "catalog:write", "batch",     SLOW_MS,   catalog.bulk,   CATALOG.bulk,   DATABASE_UNAVAILABLE),
    route("PUT", USER_PATH,               "C", "catalog:write", "catalogue", INGEST_MS, user.put,       USER.put,       DATABASE_UNAVAILABLE),
    route("GET", USER_PATH,               "C", "catalog:read",  "catalogue", INGEST_MS, user.get,       USER.get,       DATABASE_UNAVAILABLE),
    route("POST", "/users/merge",         "C", "catalog:write", "batch",     SLOW_MS,   user.merge,     USER.merge,     DATABASE_UNAVAILABLE),
    route("POST", HIDDEN_ITEMS_PATH,      "C", "catalog:write", "catalogue", INGEST_MS, user.hide,      USER.hide,      DATABASE_UNAVAILABLE),
    route("DELETE", HIDDEN_ITEM_PATH,     "C", "catalog:write", "catalogue", INGEST_MS, user.show,      USER.show,      DATABASE_UNAVAILABLE),

    route("GET", SLATE_PATH,              "C", "explain:read", "admin", SLOW_MS, slate.get,     SLATE.get,     DATABASE_UNAVAILABLE),
    route("GET", EXPLAIN_PATH,            "C", "explain:read", "admin", SLOW_MS, slate.explain, SLATE.explain, DATABASE_UNAVAILABLE),
    route("GET", WHY_NOT_PATH,            "C", "explain:read", "admin", SLOW_MS, slate.whyNot,  SLATE.whyNot,  DATABASE_UNAVAILABLE),
    route("POST", REPLAY_PATH,            "C", "explain:read", "admin", SLOW_MS, slate.replay,  SLATE.replay,  DATABASE_UNAVAILABLE),

    { ...route("POST", "/models/reload",  "A", "models:admin",   "admin", SWITCH_MS, model.reload,  MODEL.reload,  DATABASE_UNAVAILABLE), takesReloadToken: true },
    route("GET", "/models",               "C", "analytics:read", "admin", SLOW_MS,   model.models,   MODEL.models,   DATABASE_UNAVAILABLE),
    route("GET", "/models/shadow/report", "C", "analytics:read", "admin", SLOW_MS, model.shadowReport, MODEL.shadowReport, DATABASE_UNAVAILABLE),
    route("GET", "/policy",               "C", "analytics:read", "admin", SLOW_MS,   model.policy,   MODEL.policy,   DATABASE_UNAVAILABLE),
    route("GET", "/policy/runs",          "C", "analytics:read", "admin", SLOW_MS,   model.runs,     MODEL.runs,     DATABASE_UNAVAILABLE),
    route("POST", "/policy/promote",      "A", "models:admin",   "admin", SWITCH_MS, model.promote,  MODEL.promote,  DATABASE_UNAVAILABLE),
    route("POST", "/policy/rollback",     "A", "models:admin",   "admin", SWITCH_MS, model.rollback, MODEL.rollback, DATABASE_UNAVAILABLE),

    route("GET", "/contract",             "C", "analytics:read", "admin", SLOW_MS, analytics.contract, ANALYTICS.contract, null),
    route("GET", "/metrics/reco",         "C", "analytics:read", "admin", SLOW_MS, analytics.window,   ANALYTICS.window,   null),
    route("GET", "/analytics/baseline",   "C", "analytics:read", "admin", SLOW_MS, analytics.baseline, ANALYTICS.baseline, DATABASE_UNAVAILABLE),

    route("GET", "/healthz",              "P", null, null, SLOW_MS, health.healthz,  HEALTH.healthz,  null),
    route("GET", "/readyz",               "P", null, null, SLOW_MS, health.readyz,   HEALTH.readyz,   null),
    route("GET", "/livez",                "P", null, null, SLOW_MS, health.livez,    HEALTH.livez,    null),
    route("GET", "/startupz",             "P", null, null, SLOW_MS, health.startupz, HEALTH.startupz, null),
    route("GET", "/health",               "P", null, null, SLOW_MS, health.health,   HEALTH.health,   null),
    route("GET", "/ready",                "P", null, null, SLOW_MS, health.ready,    HEALTH.ready,    null),
    route("GET", "/metrics",              "P", null, null, SLOW_MS, metrics,         METRICS,         null),
    route("GET", "/metrics/prometheus",   "P", null, null, SLOW_MS, metrics,         METRICS,         null),

    route("GET", "/",                          "P", null, "catalogue", SLOW_MS, docs.start,   DOCS.start,   null),
    route("GET", "/openapi.json",              "P", null, "catalogue", SLOW_MS, docs.openApi, DOCS.openApi, null),
    route("GET", "/docs",                      "P", null, "catalogue", SLOW_MS, docs.page,    DOCS.page,    null),
    route("GET", "/docs/swagger-ui.css",       "P", null, "catalogue", SLOW_MS, docs.style,   DOCS.style,   null),
    route("GET", "/docs/swagger-ui-bundle.js", "P", null, "catalogue", SLOW_MS, docs.bundle,  DOCS.script,  null),
    route("GET", "/docs/init.js",              "P", null, "catalogue", SLOW_MS, docs.init,    DOCS.script,  null),
  ];
  return routes;
}

/** One row of the table. A handler that also counts its answers comes with its `observe`. */
function route(
  method: Route["method"],
  path: string,
  auth: Route["auth"],
  scope: Route["scope"],
  admission: Route["admission"],
  budgetMs: number,
  handler: Route["handle"] | Pick<Route, "handle" | "observe">,
  operation: Route["operation"],
  storeFailure: StoreFailure | null,
): Route {
  const handling = typeof handler === "function" ? { handle: handler } : handler;
  return { method, path, auth, scope, admission, budgetMs, operation, storeFailure, ...handling };
}

const unsaved = (what: string): StoreFailure => ({
  code: "persist_failed",
  detail: `failed to persist ${what}`,
});
