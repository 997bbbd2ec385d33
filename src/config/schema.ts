/** Every environment variable of this release: documentation and parsing in one table. */

import { ROLES } from "./config.ts";
import {
  bool,
  choice,
  nonNegativeInt,
  port,
  positiveFloat,
  positiveInt,
  share,
  text,
  type Variable,
} from "./variable.ts";

export const VARIABLES = {
  APP_ENV: text("dev", {
    aliases: ["ENVIRONMENT", "DS_ENV"],
    description:
      "Environment. `dev`, `development`, `test`, `local`, `ci` are development; `prod`, `production` are production.",
    usedBy: "all",
  }),
  RECO_ROLES: text(null, {
    defaultText: "all roles",
    description: `Roles of this tree, comma-separated: ${ROLES.join(", ")}.`,
    usedBy: "all",
  }),
  RECO_DATA_DIR: text("./.reco", { description: "Folder of everything reco keeps on disk.", usedBy: "all" }),
  MODELS_DIR: text("models", {
    description:
      "Folder of models: `channel_weights.json` (weights of the catalogue routes' channels) is read there, `model_registry.json` written, runs are staged in `staging`.",
    usedBy: "http, trainer, commands",
  }),
  REPORTS_DIR: text("reports", {
    description: "Folder of reports: evaluations stand in `metrics/<run id>`, what serves in `metrics`.",
    usedBy: "http, trainer, commands",
  }),
  RECO_ENV_FILE: text(".env", {
    description: "File of further variables; the process environment wins over it.",
    usedBy: "all",
  }),
  RECO_EMBEDDED: bool(false, { description: "Allows the embedded database in production.", usedBy: "all" }),
  RECO_BASE_URL: text(null, {
    defaultText: "none",
    description: "Where commands find the API: replaces the default of `--base-url` and `--url`.",
    usedBy: "commands",
  }),
  RECO_API_KEY: text(null, {
    aliases: ["DS_API_KEY"],
    defaultText: "none",
    secret: true,
    description: "Key that commands show to the API; of a comma list the first.",
    usedBy: "commands",
  }),
  ALLOW_INSECURE_PROD_DEFAULTS: bool(false, { description: "Skips the production checks.", usedBy: "all" }),
  ALLOW_PLAINTEXT_STORES: bool(false, {
    description: "Allows a database or brokers on a public address without TLS in production.",
    usedBy: "all",
  }),
  RECO_FAILPOINTS: text("", {
    defaultText: "none",
    description: "Faults to inject, for tests; refused in production.",
    usedBy: "all",
  }),

  LOG_FORMAT: choice(["json", "text"], "json", {
    otherwise: "text",
    description: "One JSON object a line; any other value: text lines.",
    usedBy: "all",
  }),
  LOG_LEVEL: choice(["debug", "info", "warn", "error"], "info", {
    defaultText: "INFO",
    description: "Lowest level that is written.",
    usedBy: "all",
  }),
  LOG_USER_IDS: choice(["hash", "plain", "off"], "hash", {
    description: "User ids in the log.",
    usedBy: "all",
  }),
  LOG_IP: choice(["full", "prefix"], null, {
    defaultText: "full in development, else prefix",
    description: "Client addresses in the log.",
    usedBy: "all",
  }),

  HOST: text(null, {
    defaultText: "127.0.0.1 in open mode, else 0.0.0.0",
    description: "Address of the API.",
    usedBy: "http",
  }),
  PORT: port(8080, { description: "Port of the API.", usedBy: "http" }),
  UVICORN_WORKERS: positiveInt(1, {
    aliases: ["HTTP_WORKERS"],
    description: "Http actors sharing the port.",
    usedBy: "http",
  }),
  MAX_BODY_BYTES: positiveInt(8_388_608, { description: "Largest request body.", usedBy: "http" }),
  LIVENESS_MAX_LAG_MS: positiveInt(10_000, {
    description: "Event-loop lag above which `/livez` fails.",
    usedBy: "http",
  }),
  API_TITLE: text("Real-time Recommender MVP", {
    description: "Title of the OpenAPI document.",
    usedBy: "http",
  }),
  DOCS_ENABLED: bool(null, {
    defaultText: "true outside production",
    description: "Serves `/docs`, `/redoc` and `/openapi.json`.",
    usedBy: "http",
  }),
  API_AUTH_MODE: choice(["auto", "required", "off"], "auto", {
    onInvalid: "refuse",
    description:
      "`required`: every route that is not public needs a key; `off`: none does; `auto`: none does in development without `DS_API_KEY`.",
    usedBy: "http",
  }),
  DS_API_KEY: text(null, {
    defaultText: "none",
    secret: true,
    description: "Accepted API keys; a comma list during rotation.",
    usedBy: "http",
  }),
  DS_ADMIN_KEY: text(null, {
    defaultText: "none",
    secret: true,
    description: "Opens administration, in the header `x-admin-key` beside an API key.",
    usedBy: "http",
  }),
  MODEL_RELOAD_TOKEN: text(null, {
    defaultText: "none",
    secret: true,
    description: "Opens `/models/reload`, as bearer token.",
    usedBy: "http",
  }),

  DATABASE_URL: text(null, {
    defaultText: "none: the embedded server",
    secret: true,
    description: "PostgreSQL 15 to 18.",
    usedBy: "all",
  }),
  POSTGRES_DB: text(null, { defaultText: "none", description: "Compose only.", usedBy: "compose" }),
  POSTGRES_USER: text(null, { defaultText: "none", description: "Compose only.", usedBy: "compose" }),
  POSTGRES_PASSWORD: text(null, {
    defaultText: "none",
    secret: true,
    description: "Compose only; when set it is checked in production.",
    usedBy: "compose",
  }),
  DB_INIT_ON_STARTUP: bool(true, { description: "Applies migrations at start.", usedBy: "http" }),
  DB_POOL_MIN_SIZE: positiveInt(1, { description: "Connections an actor keeps open.", usedBy: "all" }),
  DB_POOL_MAX_SIZE: positiveInt(10, {
    description: "Connections of an actor at most; raised to the minimum when lower.",
    usedBy: "all",
  }),
  DB_CONNECT_TIMEOUT_SEC: positiveFloat(2, { description: "Whole seconds, at least 1.", usedBy: "all" }),
  DB_POOL_OPEN_TIMEOUT_SEC: positiveFloat(5, {
    description: "Longest wait for a connection.",
    usedBy: "all",
  }),
  DB_STATEMENT_TIMEOUT_MS: positiveInt(5000, { description: "Longest statement.", usedBy: "all" }),
  DB_LOCK_TIMEOUT_MS: positiveInt(1000, { description: "Longest wait for a lock.", usedBy: "all" }),

  CONTRACT_MAX_EVENT_FUTURE_MS: positiveInt(300_000, {
    description: "How far an event may lie in the future.",
    usedBy: "http",
  }),
  CONTRACT_MAX_EVENT_AGE_MS: positiveInt(2_592_000_000, {
    description: "How old an event may be.",
    usedBy: "http",
  }),
  CONTRACT_MAX_BATCH_SIZE: positiveInt(1000, { description: "Events in one batch.", usedBy: "http" }),
  EVENT_ID_CONFLICT_MODE: choice(["duplicate", "reject"], "duplicate", {
    description: "Answer to a known event id with another body.",
    usedBy: "http",
  }),
  EVENT_MAX_BYTES: positiveInt(900_000, { description: "Largest message of the event log.", usedBy: "http" }),
  WATCH_FEATURE_UPDATE_MODE: text("async_consumer", { description: "Echoed in answers.", usedBy: "http" }),

  RECO_DEADLINE_MS: positiveInt(250, { description: "Time budget of a recommendation.", usedBy: "http" }),
  TIMEOUT_RECOMMENDATION_TOTAL: positiveFloat(8, {
    description: "Time budget of a catalogue route, in seconds.",
    usedBy: "http",
  }),
  RECO_DEFAULT_POLICY: choice(["builtin:rules-v1", "builtin:stream-v1"], "builtin:rules-v1", {
    onInvalid: "refuse",
    description:
      "What `/reco` answers by until a trained run is promoted: the baseline, or what users did next blended with what is popular now.",
    usedBy: "http",
  }),
  ENABLE_SCHEDULER: choice(["true", "false"], "true", {
    otherwise: "true",
    description: "`false`: nothing is trained by the clock.",
    usedBy: "trainer",
  }),
  ENABLE_WORKER: choice(["true", "false"], "true", {
    otherwise: "true",
    description: "`false`: this tree takes no background job, and trains nothing by itself.",
    usedBy: "trainer",
  }),
  TRAINER_AUTO_PROMOTE: bool(null, {
    defaultText: "true in development, else false",
    description: "Puts a trained run into service that foresees better than what serves.",
    usedBy: "trainer",
  }),
  TRAINER_MIN_EVENTS: positiveInt(5000, {
    description: "Events, of at least 200 users, from which on the trainer trains.",
    usedBy: "trainer",
  }),
  MODEL_MEMORY_MAX_MB: positiveInt(1024, {
    description: "Memory that the models of a tree may take together; what does not fit is refused.",
    usedBy: "http",
  }),
  SHADOW_SAMPLE_RATE: share(0.1, {
    description: "Share of answers on which a loaded shadow is compared with what serves.",
    usedBy: "http",
  }),
  EASE_MAX_ITEMS: positiveInt(4000, {
    description:
      "Rows of the matrix that EASE may have to invert: users where they are fewer, else items that at least 5 users took. Above it iALS takes its place.",
    usedBy: "trainer, commands",
  }),
  TRAINER_MEMORY_MAX_MB: positiveInt(2048, {
    description:
      "Memory that training may take; older events are left out where all do not fit, and training is refused where the items alone do not. The trainer takes no more than half of its container's memory, and starts anew when it would.",
    usedBy: "trainer, commands",
  }),
  RECO_SEEN_MAX: positiveInt(1000, {
    description: "Newest events of a user whose items `stream-v1` leaves out.",
    usedBy: "http",
  }),
  RECO_POPULARITY_HALF_LIFE_H: positiveInt(8760, {
    description:
      "Hours after which an event counts half in decayed popularity; a change recomputes it at start.",
    usedBy: "http",
  }),
  RECO_ASYNC_IMPRESSION_LOGGING: bool(true, {
    description: "Logs impressions in the background; false: before the answer.",
    usedBy: "http",
  }),
  RECO_MAX_BACKGROUND_TASKS: positiveInt(1000, {
    description: "Impressions each http actor may have outstanding.",
    usedBy: "http",
  }),
  RECO_BACKGROUND_BACKPRESSURE_MODE: choice(["sync", "drop"], "sync", {
    otherwise: "sync",
    description: "When that many are outstanding: wait, or drop.",
    usedBy: "http",
  }),
  RECO_BACKGROUND_SHUTDOWN_TIMEOUT_SEC: positiveFloat(5, {
    description: "Time to store outstanding impressions at the end.",
    usedBy: "http",
  }),
  RECO_METRICS_WINDOW_SEC: positiveInt(3600, {
    description: "Age limit of `/metrics/reco`.",
    usedBy: "http",
  }),
  RECO_METRICS_MAX_SAMPLES: positiveInt(50_000, {
    description: "Size limit of `/metrics/reco`.",
    usedBy: "http",
  }),

  FEATURE_EXPLORATION: bool(true, {
    description: "GET /reco may explore where the policy says so; false: every propensity is 1.",
    usedBy: "http",
  }),
  ONLINE_CACHE_ENABLED: bool(true, { description: "Keeps features in memory.", usedBy: "http" }),
  ONLINE_CACHE_BACKEND: choice(["memory", "redis"], "memory", {
    onInvalid: "refuse",
    description: "`redis`: nodes share features through Redis, and tell each other what changed.",
    usedBy: "http, relay, consumer",
  }),
  ONLINE_CACHE_STRICT_BACKEND: bool(false, {
    description: "Not ready while Redis is out of reach; false: memory and the database serve alone.",
    usedBy: "http",
  }),
  ONLINE_CACHE_REDIS_URL: text("redis://localhost:6379/0", {
    aliases: ["REDIS_URL"],
    secret: true,
    description: "Redis 6.2 or newer; `rediss://` for TLS.",
    usedBy: "http, relay, consumer",
  }),
  ONLINE_CACHE_REDIS_TIMEOUT_SEC: positiveInt(1, {
    description: "Longest command and connection attempt; requests wait for 50 ms at most.",
    usedBy: "http, relay, consumer",
  }),
  ONLINE_CACHE_MEMORY_MAX_KEYS: positiveInt(100_000, { description: "Entries kept.", usedBy: "http" }),
  ONLINE_CACHE_HISTORY_TTL_SEC: positiveInt(20, { description: "Life of a user's history.", usedBy: "http" }),
  ONLINE_CACHE_RELATED_TTL_SEC: positiveInt(30, { description: "Life of related items.", usedBy: "http" }),
  ONLINE_CACHE_POPULARITY_TTL_SEC: positiveInt(5, {
    description: "Life of the popular list.",
    usedBy: "http",
  }),

  KAFKA_BOOTSTRAP_SERVERS: text(null, {
    defaultText: "none: the embedded log",
    description: "Kafka brokers as `host:port`, comma-separated.",
    usedBy: "relay, consumer",
  }),
  KAFKA_DRIVER: choice(["kafka", "confluent"], "kafka", {
    onInvalid: "refuse",
    description:
      "Client of Kafka: the built-in one, or Confluent's, which needs Node and its package beside reco.",
    usedBy: "relay, consumer",
  }),
  KAFKA_CLIENT_ID: text("recsys-outbox-relay", { description: "Client name of the relay.", usedBy: "relay" }),
  KAFKA_REQUEST_TIMEOUT_MS: positiveInt(15_000, {
    description: "Longest wait for an answer of a broker.",
    usedBy: "relay, consumer",
  }),
  KAFKA_SSL: bool(false, { description: "Reaches the brokers by TLS.", usedBy: "relay, consumer" }),
  KAFKA_SSL_CA_FILE: text(null, {
    defaultText: "none: the system's roots",
    description: "PEM file of the authorities that sign the brokers' certificates.",
    usedBy: "relay, consumer",
  }),
  KAFKA_SSL_CERT_FILE: text(null, {
    defaultText: "none",
    description: "PEM file of the certificate shown to brokers that ask for one.",
    usedBy: "relay, consumer",
  }),
  KAFKA_SSL_KEY_FILE: text(null, {
    defaultText: "none",
    description: "PEM file of its private key, without a passphrase.",
    usedBy: "relay, consumer",
  }),
  KAFKA_SASL_MECHANISM: choice(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], null, {
    defaultText: "none: no user",
    onInvalid: "refuse",
    description: "How the user proves itself to the brokers.",
    usedBy: "relay, consumer",
  }),
  KAFKA_SASL_USERNAME: text(null, {
    defaultText: "none",
    description: "User at the brokers.",
    usedBy: "relay, consumer",
  }),
  KAFKA_SASL_PASSWORD: text(null, {
    defaultText: "none",
    secret: true,
    description: "Its password.",
    usedBy: "relay, consumer",
  }),
  KAFKA_TOPIC_CREATE: bool(true, { description: "Creates missing topics in Kafka.", usedBy: "relay" }),
  KAFKA_TOPIC_PARTITIONS: positiveInt(6, {
    description: "Partitions of a new topic in Kafka.",
    usedBy: "relay",
  }),
  KAFKA_TOPIC_REPLICATION: positiveInt(1, {
    description: "Replicas of a new topic in Kafka.",
    usedBy: "relay",
  }),
  KAFKA_TOPIC_IMPRESSIONS: text("recsys.impressions.v1", {
    description: "Topic of impressions in the event log.",
    usedBy: "all",
  }),
  KAFKA_TOPIC_WATCHES: text("recsys.watches.v1", {
    description: "Topic of watches in the event log.",
    usedBy: "all",
  }),
  EVENT_LOG_PARTITIONS: positiveInt(8, {
    description: "Partitions of a new topic in the embedded log.",
    usedBy: "all",
  }),
  EVENT_LOG_RETENTION_HOURS: positiveInt(168, {
    description: "Age limit of the embedded log.",
    usedBy: "all",
  }),

  OUTBOX_MAX_ATTEMPTS: positiveInt(25, {
    description: "Tries before a row is dead; stamped on new rows.",
    usedBy: "http",
  }),
  OUTBOX_PARTITIONS: positiveInt(64, { description: "Fixed at installation.", usedBy: "all" }),
  OUTBOX_RETENTION_HOURS: positiveInt(72, { description: "Age limit of published rows.", usedBy: "all" }),
  OUTBOX_HIGH_WATER: positiveInt(1_000_000, {
    description: "Unpublished rows above which batches are refused.",
    usedBy: "all",
  }),
  OUTBOX_RELAY_POLL_INTERVAL_MS: positiveInt(500, {
    description: "Pause when nothing is due.",
    usedBy: "relay",
  }),
  OUTBOX_RELAY_BATCH_SIZE: positiveInt(1000, { description: "Rows a round.", usedBy: "relay" }),
  OUTBOX_RELAY_LEASE_SEC: positiveInt(30, { description: "Lease of a partition.", usedBy: "relay" }),
  OUTBOX_RELAY_BASE_RETRY_SEC: positiveInt(1, { description: "First retry delay.", usedBy: "relay" }),
  OUTBOX_RELAY_MAX_RETRY_SEC: positiveInt(60, {
    description: "Longest retry delay; raised to the first when lower.",
    usedBy: "relay",
  }),
  OUTBOX_RELAY_PUBLISH_TIMEOUT_SEC: positiveFloat(10, {
    description: "Longest publication.",
    usedBy: "relay",
  }),
  OUTBOX_RELAY_STARTUP_MAX_RETRIES: nonNegativeInt(0, { description: "0: for ever.", usedBy: "relay" }),
  OUTBOX_RELAY_STARTUP_BACKOFF_SEC: positiveFloat(2, {
    description: "Grows with each try.",
    usedBy: "relay",
  }),
  OUTBOX_RELAY_SHUTDOWN_TIMEOUT_SEC: positiveFloat(15, {
    description: "Time to finish a round at the end.",
    usedBy: "relay",
  }),

  FEATURE_CONSUMER_GROUP_ID: text("recsys-feature-consumer-v1", {
    description: "Consumer group.",
    usedBy: "consumer",
  }),
  FEATURE_CONSUMER_CLIENT_ID: text("recsys-feature-consumer", {
    description: "Client name.",
    usedBy: "consumer",
  }),
  CONSUMER_WORKERS: positiveInt(2, { description: "Consumer actors.", usedBy: "consumer" }),
  FEATURE_CONSUMER_POLL_TIMEOUT_MS: positiveInt(1000, { description: "Longest poll.", usedBy: "consumer" }),
  FEATURE_CONSUMER_MAX_POLL_RECORDS: positiveInt(500, { description: "Records a poll.", usedBy: "consumer" }),
  FEATURE_CONSUMER_MAX_RETRIES_PER_MESSAGE: positiveInt(5, {
    description: "Tries before a record is a dead letter.",
    usedBy: "consumer",
  }),
  FEATURE_CONSUMER_STARTUP_MAX_RETRIES: nonNegativeInt(0, {
    description: "0: for ever.",
    usedBy: "consumer",
  }),
  FEATURE_CONSUMER_STARTUP_BACKOFF_SEC: positiveFloat(2, {
    description: "Grows with each try.",
    usedBy: "consumer",
  }),
  FEATURE_CONSUMER_SHUTDOWN_TIMEOUT_SEC: positiveFloat(20, {
    description: "Time to finish a chunk at the end; capped by the total.",
    usedBy: "consumer",
  }),
  STREAM_FEATURE_HISTORY_SIZE: positiveInt(20, {
    description: "Items in a user's history.",
    usedBy: "consumer",
  }),

  CONSUMED_RETENTION_DAYS: positiveInt(14, {
    description: "Age limit of consumed markers.",
    usedBy: "monitor",
  }),
  DLQ_RETENTION_DAYS: positiveInt(30, {
    description: "Age limit of replayed dead letters.",
    usedBy: "monitor",
  }),
  FACT_RETENTION_DAYS: nonNegativeInt(180, {
    description: "Age limit of impressions, watches and events; 0: for ever.",
    usedBy: "monitor",
  }),
  SLATE_RETENTION_DAYS: nonNegativeInt(7, {
    description: "Days that served slates can be explained and replayed; 0: none is stored.",
    usedBy: "http, monitor",
  }),

  PROMETHEUS_METRICS_ENABLED: bool(true, { description: "Serves metrics.", usedBy: "all" }),
  METRICS_HOST: text("0.0.0.0", { description: "Address of the metrics listener.", usedBy: "all" }),
  METRICS_PORT: port(null, {
    defaultText: "9108 with http, else 9109 with relay, 9110 with consumer, 9111 with monitor, 9112",
    description: "Port of the metrics listener.",
    usedBy: "all",
  }),
  OUTBOX_RELAY_METRICS_PORT: port(9109, {
    description: "Metrics port of a tree with relay and without http.",
    usedBy: "relay",
  }),
  FEATURE_CONSUMER_METRICS_PORT: port(9110, {
    description: "Metrics port of a tree with consumer, without http and relay.",
    usedBy: "consumer",
  }),

  SHUTDOWN_TIMEOUT_SEC: positiveFloat(18, { description: "Bound on the whole ordered stop.", usedBy: "all" }),
  DRAIN_DELAY_SEC: nonNegativeInt(0, {
    description: "Wait for the load balancer at the end.",
    usedBy: "http",
  }),
  SUPERVISOR_INTENSITY: positiveInt(5, {
    description: "Restarts of one actor that are allowed",
    usedBy: "all",
  }),
  SUPERVISOR_PERIOD_SEC: positiveInt(60, { description: "within this time.", usedBy: "all" }),
} as const satisfies Record<string, Variable<unknown>>;

export type VariableName = keyof typeof VARIABLES;
/** The parsed value of every variable. */
export type Values = {
  readonly [Name in VariableName]: Exclude<ReturnType<(typeof VARIABLES)[Name]["parse"]>, undefined>;
};
