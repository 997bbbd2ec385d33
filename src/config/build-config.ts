/** Builds the configuration from parsed values: units converted, defaults that depend on others filled in. */

import { resolve } from "node:path";
import type { Config, Role } from "./config.ts";
import { classifyEnvironment } from "./environment-class.ts";
import type { Values } from "./schema.ts";

/** Timers fire at once above this number of ms. */
const MAX_TIMER_MS = 2_147_483_647;
/** Whole ms that a timer can take; a positive value stays positive. */
const ms = (value: number): number =>
  value > 0 ? Math.min(Math.max(Math.round(value), 1), MAX_TIMER_MS) : 0;
const BYTES_PER_MB = 1_048_576;
const seconds = (value: number): number => ms(value * 1000);

export function buildConfig(values: Values, roles: readonly Role[]): Config {
  const environmentClass = classifyEnvironment(values.APP_ENV);
  return {
    environment: values.APP_ENV,
    environmentClass,
    roles: [...roles],
    dataDir: resolve(values.RECO_DATA_DIR),
    reportsDir: resolve(values.REPORTS_DIR),
    modelsDir: resolve(values.MODELS_DIR),
    embeddedAllowed: values.RECO_EMBEDDED,
    failpoints: values.RECO_FAILPOINTS,
    log: {
      format: values.LOG_FORMAT,
      level: values.LOG_LEVEL,
      userIds: values.LOG_USER_IDS,
      ip: values.LOG_IP ?? (environmentClass === "development" ? "full" : "prefix"),
    },
    http: httpSettings(values, environmentClass),
    database: databaseSettings(values),
    ingest: {
      maxEventFutureMs: values.CONTRACT_MAX_EVENT_FUTURE_MS,
      maxEventAgeMs: values.CONTRACT_MAX_EVENT_AGE_MS,
      maxBatchSize: values.CONTRACT_MAX_BATCH_SIZE,
      eventIdConflictMode: values.EVENT_ID_CONFLICT_MODE,
      maxEventBytes: values.EVENT_MAX_BYTES,
      featureUpdateMode: values.WATCH_FEATURE_UPDATE_MODE,
    },
    reco: {
      deadlineMs: ms(values.RECO_DEADLINE_MS),
      policy: values.RECO_DEFAULT_POLICY === "builtin:stream-v1" ? "stream-v1" : "rules-v1",
      seenMax: values.RECO_SEEN_MAX,
      popularityHalfLifeHours: values.RECO_POPULARITY_HALF_LIFE_H,
      catalogueDeadlineMs: seconds(values.TIMEOUT_RECOMMENDATION_TOTAL),
      asyncImpressionLogging: values.RECO_ASYNC_IMPRESSION_LOGGING,
      maxBackgroundTasks: values.RECO_MAX_BACKGROUND_TASKS,
      backpressureMode: values.RECO_BACKGROUND_BACKPRESSURE_MODE,
      backgroundShutdownMs: seconds(values.RECO_BACKGROUND_SHUTDOWN_TIMEOUT_SEC),
      isExploring: values.FEATURE_EXPLORATION,
      metricsWindowSec: values.RECO_METRICS_WINDOW_SEC,
      metricsMaxSamples: values.RECO_METRICS_MAX_SAMPLES,
    },
    trainer: {
      easeMaxRows: values.EASE_MAX_ITEMS,
      memoryMaxBytes: values.TRAINER_MEMORY_MAX_MB * BYTES_PER_MB,
      isScheduled: values.ENABLE_SCHEDULER === "true" && values.ENABLE_WORKER === "true",
      autoPromote: values.TRAINER_AUTO_PROMOTE ?? environmentClass === "development",
      minEvents: values.TRAINER_MIN_EVENTS,
    },
    models: {
      memoryMaxBytes: values.MODEL_MEMORY_MAX_MB * BYTES_PER_MB,
      shadowSampleRate: values.SHADOW_SAMPLE_RATE,
    },
    cache: {
      enabled: values.ONLINE_CACHE_ENABLED,
      redis:
        values.ONLINE_CACHE_BACKEND === "redis"
          ? {
              url: values.ONLINE_CACHE_REDIS_URL,
              timeoutMs: seconds(values.ONLINE_CACHE_REDIS_TIMEOUT_SEC),
            }
          : null,
      strict: values.ONLINE_CACHE_STRICT_BACKEND,
      maxKeys: values.ONLINE_CACHE_MEMORY_MAX_KEYS,
      historyTtlMs: seconds(values.ONLINE_CACHE_HISTORY_TTL_SEC),
      relatedTtlMs: seconds(values.ONLINE_CACHE_RELATED_TTL_SEC),
      popularityTtlMs: seconds(values.ONLINE_CACHE_POPULARITY_TTL_SEC),
      // No longer than popularity may be old: a list holds what was popular when it was made.
      rankedListTtlMs: values.ONLINE_CACHE_ENABLED ? seconds(values.ONLINE_CACHE_HISTORY_TTL_SEC) : 0,
    },
    topics: { impressions: values.KAFKA_TOPIC_IMPRESSIONS, watches: values.KAFKA_TOPIC_WATCHES },
    kafka: kafkaSettings(values),
    eventLog: { partitions: values.EVENT_LOG_PARTITIONS, retentionHours: values.EVENT_LOG_RETENTION_HOURS },
    outbox: outboxSettings(values),
    consumer: consumerSettings(values),
    retention: {
      consumedDays: values.CONSUMED_RETENTION_DAYS,
      dlqDays: values.DLQ_RETENTION_DAYS,
      factDays: values.FACT_RETENTION_DAYS,
      slateDays: values.SLATE_RETENTION_DAYS,
    },
    metrics: {
      enabled: values.PROMETHEUS_METRICS_ENABLED,
      host: values.METRICS_HOST,
      port: metricsPort(values, roles),
    },
    supervisor: {
      intensity: values.SUPERVISOR_INTENSITY,
      periodMs: seconds(values.SUPERVISOR_PERIOD_SEC),
      shutdownMs: seconds(values.SHUTDOWN_TIMEOUT_SEC),
    },
  };
}

function httpSettings(values: Values, environmentClass: Config["environmentClass"]): Config["http"] {
  const apiKeys = (values.DS_API_KEY ?? "")
    .split(",")
    .map((key) => key.trim())
    .filter((key) => key !== "");
  const open =
    values.API_AUTH_MODE === "off" ||
    (values.API_AUTH_MODE === "auto" && environmentClass === "development" && apiKeys.length === 0);
  return {
    host: values.HOST ?? (open ? "127.0.0.1" : "0.0.0.0"),
    port: values.PORT,
    workers: values.UVICORN_WORKERS,
    maxBodyBytes: values.MAX_BODY_BYTES,
    livenessMaxLagMs: values.LIVENESS_MAX_LAG_MS,
    apiTitle: values.API_TITLE,
    docsEnabled: values.DOCS_ENABLED ?? environmentClass !== "production",
    drainDelayMs: seconds(values.DRAIN_DELAY_SEC),
    apiKeys: open ? [] : apiKeys,
    adminKey: values.DS_ADMIN_KEY,
    modelReloadToken: values.MODEL_RELOAD_TOKEN,
    authMode: open ? "open" : "keyed",
  };
}

const databaseSettings = (values: Values): Config["database"] => ({
  url: values.DATABASE_URL,
  initOnStartup: values.DB_INIT_ON_STARTUP,
  poolMin: values.DB_POOL_MIN_SIZE,
  poolMax: Math.max(values.DB_POOL_MAX_SIZE, values.DB_POOL_MIN_SIZE),
  connectTimeoutMs: seconds(Math.max(Math.trunc(values.DB_CONNECT_TIMEOUT_SEC), 1)),
  poolWaitMs: seconds(values.DB_POOL_OPEN_TIMEOUT_SEC),
  statementTimeoutMs: ms(values.DB_STATEMENT_TIMEOUT_MS),
  lockTimeoutMs: ms(values.DB_LOCK_TIMEOUT_MS),
});

function kafkaSettings(values: Values): Config["kafka"] {
  if (values.KAFKA_BOOTSTRAP_SERVERS === null) return null;
  return {
    bootstrapServers: values.KAFKA_BOOTSTRAP_SERVERS.split(",").map((server) => server.trim()),
    driver: values.KAFKA_DRIVER,
    clientId: values.KAFKA_CLIENT_ID,
    requestTimeoutMs: ms(values.KAFKA_REQUEST_TIMEOUT_MS),
    ssl: values.KAFKA_SSL
      ? {
          caFile: values.KAFKA_SSL_CA_FILE,
          certFile: values.KAFKA_SSL_CERT_FILE,
          keyFile: values.KAFKA_SSL_KEY_FILE,
        }
      : null,
    sasl:
      values.KAFKA_SASL_MECHANISM === null
        ? null
        : {
            mechanism: values.KAFKA_SASL_MECHANISM,
            username: values.KAFKA_SASL_USERNAME ?? "",
            password: values.KAFKA_SASL_PASSWORD ?? "",
          },
    topicCreate: values.KAFKA_TOPIC_CREATE,
    topicPartitions: values.KAFKA_TOPIC_PARTITIONS,
    topicReplication: values.KAFKA_TOPIC_REPLICATION,
  };
}

const outboxSettings = (values: Values): Config["outbox"] => ({
  maxAttempts: values.OUTBOX_MAX_ATTEMPTS,
  partitions: values.OUTBOX_PARTITIONS,
  retentionHours: values.OUTBOX_RETENTION_HOURS,
  highWater: values.OUTBOX_HIGH_WATER,
  pollIntervalMs: ms(values.OUTBOX_RELAY_POLL_INTERVAL_MS),
  batchSize: values.OUTBOX_RELAY_BATCH_SIZE,
  leaseSec: values.OUTBOX_RELAY_LEASE_SEC,
  baseRetrySec: values.OUTBOX_RELAY_BASE_RETRY_SEC,
  maxRetrySec: Math.max(values.OUTBOX_RELAY_MAX_RETRY_SEC, values.OUTBOX_RELAY_BASE_RETRY_SEC),
  publishTimeoutMs: seconds(values.OUTBOX_RELAY_PUBLISH_TIMEOUT_SEC),
  startupMaxRetries: values.OUTBOX_RELAY_STARTUP_MAX_RETRIES,
  startupBackoffMs: seconds(values.OUTBOX_RELAY_STARTUP_BACKOFF_SEC),
  shutdownMs: seconds(values.OUTBOX_RELAY_SHUTDOWN_TIMEOUT_SEC),
});

const consumerSettings = (values: Values): Config["consumer"] => ({
  workers: values.CONSUMER_WORKERS,
  groupId: values.FEATURE_CONSUMER_GROUP_ID,
  clientId: values.FEATURE_CONSUMER_CLIENT_ID,
  pollTimeoutMs: ms(values.FEATURE_CONSUMER_POLL_TIMEOUT_MS),
  maxPollRecords: values.FEATURE_CONSUMER_MAX_POLL_RECORDS,
  maxRetriesPerMessage: values.FEATURE_CONSUMER_MAX_RETRIES_PER_MESSAGE,
  startupMaxRetries: values.FEATURE_CONSUMER_STARTUP_MAX_RETRIES,
  startupBackoffMs: seconds(values.FEATURE_CONSUMER_STARTUP_BACKOFF_SEC),
  shutdownMs: seconds(values.FEATURE_CONSUMER_SHUTDOWN_TIMEOUT_SEC),
  historySize: values.STREAM_FEATURE_HISTORY_SIZE,
});

const API_METRICS_PORT = 9108;
const MONITOR_METRICS_PORT = 9111;
const TRAINER_METRICS_PORT = 9112;

function metricsPort(values: Values, roles: readonly Role[]): number {
  if (values.METRICS_PORT !== null) return values.METRICS_PORT;
  if (roles.includes("http")) return API_METRICS_PORT;
  if (roles.includes("relay")) return values.OUTBOX_RELAY_METRICS_PORT;
  if (roles.includes("consumer")) return values.FEATURE_CONSUMER_METRICS_PORT;
  return roles.includes("monitor") ? MONITOR_METRICS_PORT : TRAINER_METRICS_PORT;
}
