/** How texts become the configuration. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type LoadedConfig, loadConfig } from "../../../src/config/load.ts";
import type { Texts } from "../../../src/config/parse-values.ts";

function load(env: Texts, more: { flags?: Texts; file?: Texts } = {}): LoadedConfig {
  const loaded = loadConfig({ env, ...more });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value;
}

function problemsOf(env: Texts) {
  const loaded = loadConfig({ env });
  return loaded.ok ? [] : loaded.error.problems.map(({ kind, variable }) => `${kind} ${variable}`);
}

const warnedOf = (env: Texts) => load(env).warnings.map(({ variable }) => variable);

describe("defaults", () => {
  test("an empty environment runs every role in development, open, on the loopback", () => {
    const { config, component } = load({});
    expect(component).toBe("api");
    expect(config.roles).toEqual(["http", "relay", "consumer", "monitor", "trainer"]);
    expect(config.environmentClass).toBe("development");
    expect(config.http).toMatchObject({
      host: "127.0.0.1",
      port: 8080,
      workers: 1,
      authMode: "open",
      apiKeys: [],
    });
    expect(config.database.url).toBeNull();
    expect(config.metrics).toEqual({ enabled: true, host: "0.0.0.0", port: 9108 });
  });

  test("the configuration is frozen in depth and survives a clone", () => {
    const { config } = load({ DS_API_KEY: "a,b" });
    expect(() => Object.assign(config.http, { port: 1 })).toThrow();
    expect(() => (config.http.apiKeys as string[]).push("c")).toThrow();
    expect(structuredClone(config)).toEqual(config);
  });
});

describe("parsing", () => {
  test.each(["1", "true", " YES ", "On"])("%p is true", (text) => {
    expect(load({ RECO_EMBEDDED: text }).config.embeddedAllowed).toBe(true);
  });

  test.each(["0", "false", "", "maybe"])("%p is false, also where the default is true", (text) => {
    expect(load({ DB_INIT_ON_STARTUP: text }).config.database.initOnStartup).toBe(false);
  });

  test.each(["0", "-1", "1.5", "ten", ""])(
    "%p is no positive integer: the default is taken and one warning names it",
    (text) => {
      const { config, warnings } = load({ PORT: text });
      expect(config.http.port).toBe(8080);
      expect(warnings.filter(({ variable }) => variable === "PORT")).toHaveLength(1);
    },
  );

  test("zero is a non-negative integer", () => {
    expect(load({ FACT_RETENTION_DAYS: "0" }).config.retention.factDays).toBe(0);
    expect(warnedOf({ FACT_RETENTION_DAYS: "0" })).not.toContain("FACT_RETENTION_DAYS");
  });

  test("a port above 65535 is not one", () => {
    expect(load({ METRICS_PORT: "65536" }).config.metrics.port).toBe(9108);
  });

  test("whatever a number's text is, the value is a positive one and every fallback is warned of", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.integer().map(String)), (text) => {
        const { config, warnings } = load({ OUTBOX_RELAY_PUBLISH_TIMEOUT_SEC: text });
        expect(config.outbox.publishTimeoutMs).toBeGreaterThan(0);
        expect(config.outbox.publishTimeoutMs).toBeLessThan(2 ** 31);
        const value = text.trim() === "" ? Number.NaN : Number(text);
        const isValue = Number.isFinite(value) && value > 0;
        expect(warnings.some(({ variable }) => variable === "OUTBOX_RELAY_PUBLISH_TIMEOUT_SEC")).toBe(
          !isValue,
        );
      }),
    );
  });

  test("an unknown mode falls back: log format to text, backpressure to sync", () => {
    const { config } = load({ LOG_FORMAT: "pretty", RECO_BACKGROUND_BACKPRESSURE_MODE: "wait" });
    expect(config.log.format).toBe("text");
    expect(config.reco.backpressureMode).toBe("sync");
  });

  test("the connect timeout is whole seconds and at least one", () => {
    expect(load({ DB_CONNECT_TIMEOUT_SEC: "0.4" }).config.database.connectTimeoutMs).toBe(1000);
    expect(load({ DB_CONNECT_TIMEOUT_SEC: "2.9" }).config.database.connectTimeoutMs).toBe(2000);
  });

  test("the greatest pool is raised to the smallest", () => {
    expect(load({ DB_POOL_MIN_SIZE: "4", DB_POOL_MAX_SIZE: "2" }).config.database.poolMax).toBe(4);
  });
});

describe("sources", () => {
  test("a flag wins over the process, the process over the file, the file over the default", () => {
    const { config, settings } = load(
      { PORT: "2", CONSUMER_WORKERS: "3" },
      { flags: { PORT: "1" }, file: { PORT: "3", CONSUMER_WORKERS: "4", UVICORN_WORKERS: "5" } },
    );
    expect([config.http.port, config.consumer.workers, config.http.workers]).toEqual([1, 3, 5]);
    const sourceOf = (name: string) => settings.find((setting) => setting.name === name)?.source;
    expect(["PORT", "CONSUMER_WORKERS", "UVICORN_WORKERS", "HOST"].map(sourceOf)).toEqual([
      "flag",
      "env",
      "file",
      "default",
    ]);
  });

  test("an alias is read when the variable itself is unset or blank", () => {
    expect(load({ HTTP_WORKERS: "3" }).config.http.workers).toBe(3);
    expect(
      load({ APP_ENV: "", ENVIRONMENT: "staging", DS_ENV: "dev", DS_ADMIN_KEY: "a" }).config.environment,
    ).toBe("staging");
  });
});

describe("roles and ports", () => {
  test.each([
    ["http,relay", 9108],
    ["relay,consumer", 9109],
    ["consumer,monitor", 9110],
    ["monitor", 9111],
    ["trainer", 9112],
  ])("%s exports metrics on %d", (roles, port) => {
    expect(load({ RECO_ROLES: roles }).config.metrics.port).toBe(port);
  });

  test("METRICS_PORT wins over the port of a single role", () => {
    expect(
      load({ RECO_ROLES: "relay", METRICS_PORT: "7", OUTBOX_RELAY_METRICS_PORT: "8" }).config.metrics.port,
    ).toBe(7);
    expect(load({ RECO_ROLES: "relay", OUTBOX_RELAY_METRICS_PORT: "8" }).config.metrics.port).toBe(8);
  });

  test("keyed mode listens on all addresses unless told otherwise", () => {
    expect(load({ DS_API_KEY: "k" }).config.http).toMatchObject({ authMode: "keyed", host: "0.0.0.0" });
    expect(load({ APP_ENV: "staging", DS_ADMIN_KEY: "a" }).config.http.authMode).toBe("keyed");
    expect(load({ APP_ENV: "staging", DS_ADMIN_KEY: "a", HOST: "10.0.0.1" }).config.http.host).toBe(
      "10.0.0.1",
    );
    expect(load({ APP_ENV: "staging", API_AUTH_MODE: "off" }).config.http.authMode).toBe("open");
  });
});

const BROKERS = { KAFKA_BOOTSTRAP_SERVERS: "a:9092" };

describe("Kafka", () => {
  test("is not used unless brokers are named", () => {
    expect(load({}).config.kafka).toBeNull();
  });

  test("has the defaults of the specification", () => {
    expect(load({ KAFKA_BOOTSTRAP_SERVERS: "a:9092, b:9093" }).config.kafka).toEqual({
      driver: "kafka",
      bootstrapServers: ["a:9092", "b:9093"],
      clientId: "recsys-outbox-relay",
      requestTimeoutMs: 15_000,
      ssl: null,
      sasl: null,
      topicCreate: true,
      topicPartitions: 6,
      topicReplication: 1,
    });
  });

  test("reads certificates and user", () => {
    const env = {
      ...BROKERS,
      KAFKA_SSL: "true",
      KAFKA_SSL_CA_FILE: "/ca.pem",
      KAFKA_SASL_MECHANISM: "scram-sha-256",
      KAFKA_SASL_USERNAME: "reco",
      KAFKA_SASL_PASSWORD: "hunter22",
    };
    expect(load(env).config.kafka).toMatchObject({
      ssl: { caFile: "/ca.pem", certFile: null, keyFile: null },
      sasl: { mechanism: "SCRAM-SHA-256", username: "reco", password: "hunter22" },
    });
  });

  test.each<[string, Record<string, string>]>([
    ["KAFKA_SSL_CA_FILE", { KAFKA_SSL_CA_FILE: "/ca.pem" }],
    ["KAFKA_SSL_KEY_FILE", { KAFKA_SSL: "true", KAFKA_SSL_CERT_FILE: "/a.pem" }],
    ["KAFKA_SSL_CERT_FILE", { KAFKA_SSL: "true", KAFKA_SSL_KEY_FILE: "/a.key" }],
    ["KAFKA_SASL_MECHANISM", { KAFKA_SASL_MECHANISM: "GSSAPI" }],
    ["KAFKA_SASL_USERNAME", { KAFKA_SASL_MECHANISM: "PLAIN", KAFKA_SASL_PASSWORD: "p" }],
    ["KAFKA_SASL_PASSWORD", { KAFKA_SASL_MECHANISM: "PLAIN", KAFKA_SASL_USERNAME: "u" }],
    ["KAFKA_SASL_PASSWORD", { KAFKA_SASL_PASSWORD: "p" }],
  ])("names %s where the settings of %p do not go together", (variable, env) => {
    expect(problemsOf({ ...BROKERS, ...env })).toEqual([`invalid ${variable}`]);
  });

  test("leaves them alone without brokers", () => {
    expect(problemsOf({ KAFKA_SSL_CA_FILE: "/ca.pem", KAFKA_SASL_PASSWORD: "p" })).toEqual([]);
  });
});

describe("Kafka's driver", () => {
  const driverOf = (env: Record<string, string>) =>
    load({ KAFKA_BOOTSTRAP_SERVERS: "a:9092", ...env }).config.kafka?.driver;

  test("is Confluent's where that is asked for", () => {
    expect(driverOf({ KAFKA_DRIVER: "Confluent" })).toBe("confluent");
  });

  test("is not guessed", () => {
    expect(problemsOf({ KAFKA_DRIVER: "kafkajs" })).toHaveLength(1);
  });
});

describe("refusals", () => {
  test("all problems are named at once", () => {
    const problems = problemsOf({
      RECO_ROLES: "http,cook",
      API_AUTH_MODE: "sometimes",
      DATABASE_URL: "mysql://db/reco",
      KAFKA_BOOTSTRAP_SERVERS: "localhost",
    });
    expect(problems.sort()).toEqual([
      "invalid API_AUTH_MODE",
      "invalid DATABASE_URL",
      "invalid KAFKA_BOOTSTRAP_SERVERS",
      "invalid RECO_ROLES",
    ]);
  });

  test.each([
    ["ONLINE_CACHE_BACKEND", "memcached"],
    ["RATE_LIMIT_BACKEND", "redis"],
    ["RECO_DEFAULT_POLICY", "registry:run-1"],
    ["RATE_LIMIT_ENABLED", "true"],
    ["METRICS_REQUIRE_KEY", "1"],
    ["RECO_ROLES", "dreamer"],
  ])("%s=%s asks for what this release does not have", (name, value) => {
    expect(problemsOf({ [name]: value }).map((problem) => problem.split(" ")[1])).toContain(name);
  });

  test.each([
    ["false", false],
    ["FALSE", false],
    ["0", true],
    ["no", true],
    ["true", true],
  ] as const)("ENABLE_SCHEDULER=%s and ENABLE_WORKER=%s are off only when false", (value, isOn) => {
    expect(load({ ENABLE_SCHEDULER: value }).config.trainer.isScheduled).toBe(isOn);
    expect(load({ ENABLE_WORKER: value }).config.trainer.isScheduled).toBe(isOn);
    expect(problemsOf({ RECO_ROLES: "trainer", ENABLE_WORKER: value })).toEqual(
      isOn ? [] : ["invalid RECO_ROLES"],
    );
  });

  test("a run takes over by itself in development alone, where nothing is said", () => {
    const promotes = (env: Texts) =>
      load({ ALLOW_INSECURE_PROD_DEFAULTS: "true", ...env }).config.trainer.autoPromote;
    expect(promotes({})).toBe(true);
    expect(promotes({ APP_ENV: "staging" })).toBe(false);
    expect(promotes({ APP_ENV: "production", RECO_EMBEDDED: "true" })).toBe(false);
    expect(promotes({ APP_ENV: "production", RECO_EMBEDDED: "true", TRAINER_AUTO_PROMOTE: "true" })).toBe(
      true,
    );
  });

  test.each([
    ["0", 0],
    ["0.25", 0.25],
    ["1", 1],
    ["1.5", 0.1],
    ["-1", 0.1],
    ["half", 0.1],
  ] as const)("SHADOW_SAMPLE_RATE=%s is a share: %p", (value, rate) => {
    expect(load({ SHADOW_SAMPLE_RATE: value }).config.models.shadowSampleRate).toBe(rate);
  });

  test("their harmless values are accepted", () => {
    expect(
      problemsOf({
        ONLINE_CACHE_BACKEND: "redis",
        RECO_DEFAULT_POLICY: "builtin:stream-v1",
        RATE_LIMIT_ENABLED: "auto",
        METRICS_REQUIRE_KEY: "false",
        KAFKA_BOOTSTRAP_SERVERS: "",
      }),
    ).toEqual([]);
  });

  test("a variable of a later release that changes nothing is warned of", () => {
    expect(warnedOf({ FEATURE_REDIS_URL: "redis://cache" })).toContain("FEATURE_REDIS_URL");
  });

  test.each(["http://cache", "redis://", "redis://cache/first", "redis:///0"])(
    "%p is no address of Redis, which matters where there is one",
    (url) => {
      const redis = { ONLINE_CACHE_BACKEND: "redis", REDIS_URL: url };
      expect(problemsOf(redis)).toEqual(["invalid ONLINE_CACHE_REDIS_URL"]);
      expect(problemsOf({ REDIS_URL: url })).toEqual([]);
    },
  );

  test("ONLINE_CACHE_REDIS_URL wins over REDIS_URL", () => {
    const env = { ONLINE_CACHE_BACKEND: "REDIS", REDIS_URL: "redis://two" };
    const redisOf = (more: object) => load({ ...env, ...more }).config.cache.redis;
    expect(redisOf({})).toEqual({ url: "redis://two", timeoutMs: 1_000 });
    expect(redisOf({ ONLINE_CACHE_REDIS_URL: "rediss://one/3" })?.url).toBe("rediss://one/3");
  });

  test("pools that the embedded server cannot serve are refused", () => {
    expect(problemsOf({ DB_POOL_MAX_SIZE: "100" })).toEqual(["invalid DB_POOL_MAX_SIZE"]);
    expect(problemsOf({ DB_POOL_MAX_SIZE: "100", DATABASE_URL: "postgres://u:p@db/reco" })).toEqual([]);
  });
});

describe("printed settings", () => {
  test("hold no secret", () => {
    const { settings } = load({
      DATABASE_URL: "postgres://reco:hunter22@db:5433/shop?password=hunter33",
      DS_API_KEY: "hunter44",
      REDIS_URL: "rediss://cache:hunter66@cache:6380/1",
      POSTGRES_PASSWORD: "hunter55",
      KAFKA_BOOTSTRAP_SERVERS: "a:9092",
      KAFKA_SASL_MECHANISM: "PLAIN",
      KAFKA_SASL_USERNAME: "reco",
      KAFKA_SASL_PASSWORD: "hunter66",
    });
    expect(JSON.stringify(settings)).not.toContain("hunter");
    expect(settings).toContainEqual({
      name: "DATABASE_URL",
      value: "postgres://reco:***@db:5433/shop",
      source: "env",
    });
    expect(settings).toContainEqual({
      name: "ONLINE_CACHE_REDIS_URL",
      value: "rediss://cache:***@cache:6380/1",
      source: "env",
    });
  });
});
