/** The bodies of successful answers, as fragments of the OpenAPI document. */

import type { JsonSchema } from "../../events/field.ts";
import { TIMEFRAMES } from "../../recommend/catalogue/ports.ts";
import { REQUEST_CONTEXT_SCHEMA } from "../request-context.ts";
import {
  BOOLEAN,
  constant,
  each,
  INTEGER,
  list,
  NUMBER,
  object,
  oneOf,
  orNull,
  ref,
  STRING,
  STRINGS,
} from "./schema.ts";
import { SLATE_ANSWERS } from "./slate-answers.ts";

const written = oneOf("ok", "duplicate");
const backbone = constant("transactional_outbox");

const ingest: Record<string, JsonSchema> = {
  EventAnswer: object({ status: written, event_id: STRING }),
  ImpressionAnswer: object({
    status: written,
    inserted_rows: INTEGER,
    event_backbone_mode: backbone,
    outbox_enqueued: BOOLEAN,
  }),
  WatchAnswer: object({
    status: written,
    feature_update_mode: STRING,
    feature_updated: constant(false),
    event_backbone_mode: backbone,
    outbox_enqueued: BOOLEAN,
  }),
  BatchAnswer: object({
    status: constant("ok"),
    count: INTEGER,
    inserted_events: INTEGER,
    event_backbone_mode: backbone,
    outbox_enqueued: { ...INTEGER, description: "Here a number: the events that got an outbox row." },
    feature_update_mode: STRING,
  }),
};

const recommendations: Record<string, JsonSchema> = {
  RecoAnswer: object(
    { request_id: STRING, items: STRINGS, model_version: STRING, strategy: STRING },
    { details: ref("RecoDetails") },
  ),
  RecoDetails: object({
    policy: STRING,
    variant: STRING,
    experiment_variant: STRING,
    degraded: orNull(STRING),
    deadline_ms: INTEGER,
    timings_ms: object(each(["retrieval", "ranking", "diversity", "exploration"], NUMBER)),
    cursor: orNull(STRING),
    items: list(
      object({
        item_id: STRING,
        title: orNull(STRING),
        position: INTEGER,
        score: NUMBER,
        propensity: NUMBER,
        sources: list(object({ name: STRING, score: NUMBER })),
        reason: STRING,
      }),
    ),
  }),
  RecommendResults: object({
    request_id: STRING,
    results: list(
      object(
        {
          user_id: STRING,
          items: STRINGS,
          ...each(["model_version", "strategy", "policy", "variant"], STRING),
          degraded: orNull(STRING),
        },
        { details: ref("RecoDetails") },
      ),
    ),
  }),
  RecommendAnswer: object({
    user_id: STRING,
    items: STRINGS,
    reason: object({ type: constant("hybrid"), sources: STRINGS }),
  }),
};

const trendingItem = {
  dataset_id: STRING,
  title: orNull(STRING),
  price: orNull(NUMBER),
  cover_image: orNull(STRING),
};
const beside = (listName: string) =>
  object({
    dataset_id: STRING,
    [listName]: list(ref("RecalledItem")),
    request_id: STRING,
    algorithm_version: { ...STRING, description: "Run id of the model, `rules-v1` without one." },
    variant: oneOf("primary", "shadow", "fallback"),
    experiment_variant: STRING,
    request_context: REQUEST_CONTEXT_SCHEMA,
  });

const recall: Record<string, JsonSchema> = {
  RecalledItem: object({
    ...trendingItem,
    score: NUMBER,
    reason: { ...STRING, description: "What gave the score, joined with `+`; or `fallback:<source>`." },
  }),
  SimilarAnswer: beside("similar_items"),
  DetailAnswer: beside("recommendations"),
  TrendingAnswer: object({ timeframe: oneOf(...TIMEFRAMES), items: list(object(trendingItem)) }),
};

const catalogue: Record<string, JsonSchema> = {
  ItemWritten: object({ item_id: STRING, status: oneOf("created", "updated") }),
  ItemsWritten: object(each(["count", "inserted", "updated"], INTEGER)),
  CatalogItem: object({
    item_id: STRING,
    ...each(["title", "cover_image", "category", "author", "published_at"], orNull(STRING)),
    price: orNull(NUMBER),
    tags: STRINGS,
    verified: BOOLEAN,
    hidden: BOOLEAN,
    attributes: { type: "object" },
    version: INTEGER,
    ...each(["created_at", "updated_at"], STRING),
  }),
  ItemPage: object({ items: list(ref("CatalogItem")), next_cursor: orNull(STRING) }),
  UserWritten: object({ user_id: STRING, status: oneOf("created", "updated") }),
  User: object({
    user_id: STRING,
    email: orNull(STRING),
    email_verified: BOOLEAN,
    attributes: { type: "object" },
    ...each(["created_at", "updated_at"], STRING),
  }),
  UsersMerged: object({
    ...each(["from_user_id", "to_user_id"], STRING),
    ...each(["moved_events", "moved_hidden_items"], INTEGER),
  }),
  HiddenItem: object({ user_id: STRING, item_id: STRING, until: orNull(STRING) }),
};

const slots = (schema: JsonSchema) => object(each(["default", "blue", "green"], schema));

const models: Record<string, JsonSchema> = {
  LoadedModel: object({ run_id: STRING, loaded_at: STRING, artifacts: STRINGS }),
  Models: object({
    primary: ref("LoadedModel"),
    shadow: orNull(ref("LoadedModel")),
    shadow_rollout: NUMBER,
    registry: object({ active_slot: STRING, version: INTEGER }),
  }),
  ShadowLatencies: object(each(["p50", "p95"], orNull(NUMBER))),
  ShadowReport: object({
    primary: STRING,
    shadow: orNull(STRING),
    ...each(["shadow_rollout", "sample_rate"], NUMBER),
    ...each(["k", "sample_size", "errors", "shed"], INTEGER),
    ...each(["overlap_at_k", "rank_correlation", "score_psi"], orNull(NUMBER)),
    latency_ms: object(each(["primary", "shadow"], ref("ShadowLatencies"))),
  }),
  ModelReloaded: object({
    status: constant("ok"),
    mode: oneOf("primary", "shadow"),
    run_id: orNull(STRING),
    shadow_rollout: NUMBER,
    message: STRING,
  }),
  PolicySlot: object({
    run_id: STRING,
    ...each(["policy_version", "model", "sha256", "promoted_at", "promoted_by"], orNull(STRING)),
  }),
  PolicySlots: object({
    active_slot: STRING,
    slots: slots(orNull(ref("PolicySlot"))),
    previous: slots(orNull(STRING)),
    latest: orNull(STRING),
  }),
  PolicyRuns: object({
    runs: list(
      object({
        ...each(["run_id", "policy_version", "model", "sha256", "created_at"], STRING),
        metrics: { type: "object" },
      }),
    ),
  }),
  PolicySwitched: object(
    {
      ...each(["run_id", "slot", "active_slot", "policy_path", "latest_path"], STRING),
      previous_run_id: orNull(STRING),
      workers_switched: INTEGER,
    },
    each(["promoted", "rolled_back"], constant(true)),
  ),
};

const analytics: Record<string, JsonSchema> = {
  KpiTargets: object(each(["ctr_at_20", "avg_watch_time_sec", "catalog_coverage_at_20"], STRING)),
  Contract: object({
    kpi_targets: ref("KpiTargets"),
    sla_targets: object(each(["reco_p95_ms", "reco_p99_ms", "api_error_rate_pct"], NUMBER)),
    event_contract: object(each(["max_event_future_ms", "max_event_age_ms", "max_batch_size"], INTEGER)),
  }),
  RecoWindow: object({
    window_sec: NUMBER,
    sample_size: INTEGER,
    status_counts: object(each(["2xx", "4xx", "5xx"], INTEGER)),
    error_rate_pct: NUMBER,
    server_error_rate_pct: NUMBER,
    latency_ms: object(each(["p50", "p95", "p99"], orNull(NUMBER))),
    sla: object({ target_p95_ms: NUMBER, target_p99_ms: NUMBER, p95_met: BOOLEAN, p99_met: BOOLEAN }),
  }),
  Baseline: object({
    kpi_targets: ref("KpiTargets"),
    metrics: object({
      ...each(["window_days", "requests", "impressions", "watches", "watched_impressions"], INTEGER),
      ...each(["impressions_at_20", "watched_impressions_at_20"], INTEGER),
      ...each(["ctr_at_20_pct", "avg_watch_time_sec", "catalog_coverage_at_20_pct"], NUMBER),
    }),
  }),
};

const dependencies = {
  checks: object({ db: BOOLEAN, online_cache: BOOLEAN }),
  event_backbone: object({ mode: backbone, outbox: orNull(ref("OutboxSnapshot")) }),
  online_cache: ref("CacheSnapshot"),
};

const health: Record<string, JsonSchema> = {
  OutboxSnapshot: {
    anyOf: [
      object(each(["pending", "publishing", "published", "dead", "oldest_lag_ms"], NUMBER)),
      object({ error: STRING }),
    ],
  },
  CacheSnapshot: object({
    enabled: BOOLEAN,
    configured_backend: STRING,
    active_backend: oneOf("memory", "redis", "memory_fallback", "redis_unavailable", "disabled"),
    ready: BOOLEAN,
    strict_backend: BOOLEAN,
    redis_client_available: BOOLEAN,
    ...each(["hits", "misses", "errors", "size"], INTEGER),
    last_error: orNull(STRING),
  }),
  Liveness: object({ status: oneOf("ok", "stalled"), event_loop_lag_ms: NUMBER, uptime_sec: NUMBER }),
  Startup: object({ status: oneOf("ok", "starting") }),
  Healthz: object({ status: constant("ok"), ...dependencies }),
  Readyz: object({ ready: BOOLEAN, ...dependencies }, { degraded: STRINGS }),
  Health: object(
    {
      status: oneOf("ok", "degraded"),
      service: constant("alive"),
      cache: oneOf("enabled", "disabled"),
      models_loaded: BOOLEAN,
      checks: object({ redis: BOOLEAN, models: BOOLEAN }),
    },
    { error: STRING },
  ),
  Ready: object({
    status: oneOf("ok", "degraded"),
    service: oneOf("ready", "not_ready"),
    model: orNull(STRING),
    policy_path: orNull(STRING),
  }),
};

export const ANSWER_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  ...ingest,
  ...recommendations,
  ...recall,
  ...catalogue,
  ...models,
  ...SLATE_ANSWERS,
  ...analytics,
  ...health,
};
