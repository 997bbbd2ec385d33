/** Every metric of reco, declared once: name, type, help, labels, buckets, and how actors' values merge. */

/** A closed label lists its values; `open` values are bounded in number instead. */
type LabelValues = "open" | readonly string[];

export interface MetricDefinition {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: Readonly<Record<string, LabelValues>>;
  /** Upper bounds, rising; histograms only. */
  readonly buckets: readonly number[];
  /** What the values of several actors become. */
  readonly merge: "sum" | "max" | "min" | "first";
}

const MILLISECONDS = [
  0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 120_000, 300_000,
];
const RECOMMENDATION_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const REQUEST_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const RECALLED = [0, 1, 5, 10, 20, 50, 100, 200, 500, 1_000];
const COUNTS = [0, 1, 5, 10, 20, 50, 100];

const ENDPOINTS = ["reco", "recommend", "similar", "detail", "trending"];
const OUTBOX_STATUSES = ["pending", "publishing", "dead"];
const TRAFFIC_CLASSES = ["serve", "ingest", "catalogue", "batch", "admin", "import"];
const STAGES = [
  "retrieval",
  "ranking",
  "impression_log",
  "impression_schedule",
  "impression_drop",
  "impression_backpressure_sync",
];
const RELAY_STAGES = [
  "startup",
  "lease",
  "claim",
  "publish",
  "mark_failed",
  "process",
  "metrics",
  "stop",
  "stop_timeout",
];
const CONSUMER_STAGES = [
  "startup",
  "poll",
  "process",
  "commit",
  "lag_metrics",
  "dlq_metrics",
  "dlq_store",
  "poison_message",
  "stop",
  "stop_timeout",
];
const CONSUMER_STATUSES = [
  "processed",
  "duplicate",
  "ignored",
  "invalid_payload",
  "invalid_event",
  "error",
  "dlq",
];

const TRAINING_STEPS = ["extract_load", "evaluate", "train_models"];

type Labels = MetricDefinition["labels"];

const counter = (help: string, labels: Labels = {}): MetricDefinition => ({
  type: "counter",
  help,
  labels,
  buckets: [],
  merge: "sum",
});
const gauge = (merge: MetricDefinition["merge"], help: string, labels: Labels = {}): MetricDefinition => ({
  type: "gauge",
  help,
  labels,
  buckets: [],
  merge,
});
const histogram = (buckets: readonly number[], help: string, labels: Labels = {}): MetricDefinition => ({
  type: "histogram",
  help,
  labels,
  buckets,
  merge: "sum",
});

export const METRIC_CATALOG: Readonly<Record<string, MetricDefinition>> = {
  reco_api_requests_total: counter("Calls of /reco by status family.", {
    status_family: ["2xx", "4xx", "5xx"],
  }),
  reco_api_latency_ms: histogram(MILLISECONDS, "Latency of /reco in milliseconds."),
  reco_stage_latency_ms: histogram(MILLISECONDS, "Latency of one stage of /reco in milliseconds.", {
    stage: STAGES,
  }),
  reco_api_check_status: gauge("min", "Result of a health check: 1 passed, 0 failed.", {
    scope: ["healthz", "readyz"],
    check: ["db", "online_cache"],
  }),
  reco_impression_log_total: counter("Impressions logged by /reco, by outcome.", {
    outcome: ["logged", "duplicate", "conflict", "dropped", "failed"],
  }),
  reco_slate_log_total: counter("Slates handed over to be stored, by outcome.", {
    outcome: ["stored", "repeated", "dropped", "failed"],
  }),
  recommendation_requests_total: counter("Recommendation requests by endpoint and outcome.", {
    endpoint: ENDPOINTS,
    status: ["success", "error"],
  }),
  recommendation_latency_seconds: histogram(
    RECOMMENDATION_SECONDS,
    "Latency of recommendation requests in seconds.",
    { endpoint: ENDPOINTS },
  ),
  recommendation_count: histogram(COUNTS, "Items in a recommendation answer.", { endpoint: ENDPOINTS }),
  recommendation_timeouts_total: counter("Operations that missed their time budget.", {
    endpoint: ENDPOINTS,
    operation: "open",
  }),
  recommendation_degraded_total: counter("Answers given with less than every source.", {
    endpoint: ENDPOINTS,
    reason: "open",
  }),
  recommendation_exposures_total: counter("Items shown, by variant.", {
    endpoint: ENDPOINTS,
    variant: "open",
    experiment_variant: "open",
    degrade_reason: "open",
  }),
  recommendation_fallback_ratio: gauge("max", "Share of answers given by a fallback.", {
    endpoint: ENDPOINTS,
  }),
  fallback_triggered_total: counter("Fallbacks taken, by reason and rung.", {
    reason: "open",
    level: "open",
  }),
  model_inference_latency_seconds: histogram(RECOMMENDATION_SECONDS, "Time of ranking in seconds.", {
    model_type: "open",
  }),
  recall_candidates_count: histogram(RECALLED, "Items that a channel of the catalogue routes found.", {
    recall_type: ["behavior", "content", "vector", "user_cf", "alike", "popular"],
  }),
  cache_requests_total: counter("Look-ups in the online cache.", {
    operation: ["get", "redis_get", "redis_set", "redis_delete"],
    status: ["hit", "miss", "error", "done", "refused", "dropped"],
  }),
  cache_hit_rate: gauge("min", "Share of look-ups in the online cache that hit."),
  user_interaction_total: counter("Interactions applied to features.", { interaction_type: "open" }),
  recommendation_click_total: counter("Clicks, by the way they came.", { source: ["event", "watch"] }),
  error_total: counter("Errors by type.", { error_type: "open", endpoint: "open" }),
  recommendation_service_info: gauge("first", "The running service; the value is 1.", {
    version: "open",
    service: "open",
    environment: "open",
  }),
  ds_api_requests_total: counter("HTTP requests by route template.", {
    path: "open",
    method: "open",
    status: "open",
  }),
  ds_api_request_latency_seconds: histogram(REQUEST_SECONDS, "Latency of HTTP requests in seconds.", {
    path: "open",
    method: "open",
  }),
  reco_auth_failures_total: counter("Refused authorisations by reason.", {
    reason: ["missing", "invalid", "revoked", "expired", "scope", "admin"],
  }),
  reco_admission_limit: gauge("sum", "Requests of a class that may be in flight.", {
    class: TRAFFIC_CLASSES,
  }),
  reco_shed_total: counter("Requests refused under overload.", { class: TRAFFIC_CLASSES }),
  reco_client_aborted_total: counter("Requests whose client went away.", { class: TRAFFIC_CLASSES }),
  reco_event_id_conflicts_total: counter("Event ids reused with another body.", { event_type: "open" }),
  reco_outbox_backlog_events: gauge("max", "Outbox rows not yet published.", { status: OUTBOX_STATUSES }),
  reco_outbox_backlog_oldest_lag_ms: gauge("max", "Age of the oldest unpublished outbox row."),
  reco_outbox_relay_published_total: counter("Outbox rows published.", { topic: "open" }),
  reco_outbox_relay_failed_total: counter("Outbox rows whose publication failed.", { topic: "open" }),
  reco_outbox_relay_errors_total: counter("Errors of the relay by stage.", { stage: RELAY_STAGES }),
  reco_outbox_relay_event_lag_ms: histogram(MILLISECONDS, "Age of a row when its publication is tried."),
  reco_outbox_fenced_total: counter("Marks refused because a partition changed hands."),
  reco_outbox_partitions_held: gauge("sum", "Outbox partitions leased by relays."),
  reco_feature_consumer_processed_total: counter("Records handled by the consumer.", {
    topic: "open",
    status: CONSUMER_STATUSES,
  }),
  reco_feature_consumer_event_lag_ms: histogram(MILLISECONDS, "Age of a record when it is handled.", {
    topic: "open",
  }),
  reco_feature_consumer_partition_lag: gauge("max", "Records behind the end of an assigned partition.", {
    topic: "open",
    partition: "open",
  }),
  reco_feature_consumer_errors_total: counter("Errors of the consumer by stage.", { stage: CONSUMER_STAGES }),
  reco_feature_consumer_dlq_events_total: counter("Records moved to the dead-letter queue.", {
    outcome: ["stored"],
  }),
  reco_feature_consumer_dlq_backlog: gauge("max", "Rows of the dead-letter queue.", {
    status: ["pending", "replayed"],
  }),
  reco_feature_consumer_dlq_oldest_pending_ms: gauge("max", "Age of the oldest pending dead letter."),
  reco_feature_consumer_offset_gap_total: counter("Stored offsets found out of retention.", {
    topic: "open",
  }),
  reco_watch_event_to_feature_latency_ms: histogram(MILLISECONDS, "Time from a watch to its features."),
  reco_event_to_recommendation_latency_ms: histogram(
    MILLISECONDS,
    "Time from an event to a worker whose next answer knows of it.",
  ),
  reco_db_pool_waiters: gauge("sum", "Callers waiting for a connection.", { pool: "open" }),
  reco_db_pool_in_use: gauge("sum", "Connections in use.", { pool: "open" }),
  reco_maintenance_last_run_timestamp_seconds: gauge("max", "When a maintenance task last succeeded.", {
    task: "open",
  }),
  reco_policy_info: gauge("max", "Runs and built-in policies that workers hold; the value is 1.", {
    slot: "open",
    run_id: "open",
    active: ["true", "false"],
  }),
  reco_model_memory_bytes: gauge("max", "Memory that the models of a tree take."),
  reco_shadow_overlap_ratio: gauge(
    "min",
    "Share of the first items that shadow and primary have in common, in the worst worker.",
  ),
  reco_shadow_latency_ms: histogram(MILLISECONDS, "Time that a shadow took to rank, in milliseconds."),
  reco_pipeline_last_run_timestamp_seconds: gauge("max", "When a step of training last succeeded.", {
    step: TRAINING_STEPS,
  }),
  reco_pipeline_step_duration_seconds: gauge("max", "How long a step of training took.", {
    step: TRAINING_STEPS,
  }),
  reco_verifier_unaccounted_events: gauge(
    "max",
    "Acknowledged or published events that nothing accounts for.",
  ),
  reco_verifier_errors_total: counter("Rounds of the verifier that failed."),
  reco_verifier_last_run_timestamp_seconds: gauge("max", "When a round of the verifier last succeeded."),
  reco_verifier_verified_until_timestamp_seconds: gauge(
    "max",
    "Events acknowledged and published before this time are verified.",
  ),
  circuit_breaker_state: gauge("max", "State of a circuit breaker: 0 closed, 1 otherwise.", {
    breaker_name: "open",
  }),
  circuit_breaker_failures_total: counter("Failed calls that a circuit breaker counted.", {
    breaker_name: "open",
  }),
  reco_breaker_transitions_total: counter("Changes of a circuit breaker's state.", {
    breaker_name: "open",
    to: ["closed", "open", "half_open"],
  }),
  reco_worker_restarts_total: counter("Actor restarts by role.", { role: "open" }),
  reco_event_loop_lag_ms: gauge("max", "Event-loop lag by role.", { role: "open" }),
  reco_mailbox_dropped_total: counter("Messages refused by a full mailbox.", {
    actor: "open",
    reason: "open",
  }),
  reco_dead_letters_total: counter("Actor messages that found no receiver.", {
    actor: "open",
    reason: "open",
  }),
  reco_log_dropped_total: counter("Log lines dropped because the output was too slow."),
  reco_label_overflow_total: counter("Values folded into label `other`.", { metric: "open" }),
  reco_build_info: gauge("first", "The running build; the value is 1.", { version: "open", commit: "open" }),
  // Threads of one process all see its totals, hence the label and the maximum.
  process_cpu_seconds_total: { ...counter("CPU time used.", { process: "open" }), merge: "max" },
  process_resident_memory_bytes: gauge("max", "Resident memory.", { process: "open" }),
  process_start_time_seconds: gauge("min", "Start of the process since the Unix epoch.", { process: "open" }),
};
