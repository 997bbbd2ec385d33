/** Variables of later releases: which must not be taken for working, and which are merely unused. */

const isOff = (value: string) => /^(|0|false|no|off)$/i.test(value);
const never = () => false;
const oneOf =
  (...values: string[]) =>
  (value: string) =>
    values.includes(value.toLowerCase());

/** Setting one of these to anything else than allowed asks for behaviour that is not there: reco refuses to start. */
export const UNSUPPORTED: Readonly<Record<string, (value: string) => boolean>> = {
  RATE_LIMIT_ENABLED: (value) => oneOf("auto")(value) || isOff(value),
  RATE_LIMIT_BACKEND: oneOf("memory"),
  METRICS_REQUIRE_KEY: isOff,
  TEST_ROUTES_ENABLED: isOff,
  CORS_ALLOW_ORIGINS: never,
  TRUSTED_PROXIES: never,
  API_PUBLIC_PATHS_EXACT: never,
  API_PUBLIC_PATHS_PREFIXES: never,
  OBJECT_STORE_URL: never,
  ALERT_WEBHOOK_URL: never,
  OTEL_EXPORTER_OTLP_ENDPOINT: never,
  DRILL_RANKING_DELAY_MS: isOff,
};

/** Set, these change nothing: one warning names them. */
export const UNUSED: readonly string[] = [
  "KAFKA_TOPIC_DLQ",
  "KAFKA_DUAL_WRITE_ENABLED",
  "FEATURE_REDIS_URL",
  "RECO_KEY_PEPPER",
  "EXPERIMENT_CONFIG_PATH",
  "AUDIT_RETENTION_DAYS",
];
