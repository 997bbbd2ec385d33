/** What production refuses. */

import { describe, expect, test } from "bun:test";
import { isPublicHost } from "../../../src/config/database-url.ts";
import { loadConfig } from "../../../src/config/load.ts";
import type { Texts } from "../../../src/config/parse-values.ts";
import { formatConfigFailure } from "../../../src/config/problem.ts";

const PASSWORD = "x7Qm-9vLr-2Tkz";
const KEY = "f3b1c9d27a5e48f0b6d4a1c8e97325fb";
const ADMIN_KEY = "90c2e7d41b6f4a35a8d3f0e6c57b1924";
const SAFE = {
  APP_ENV: "production",
  DATABASE_URL: `postgres://svc:${PASSWORD}@10.0.0.5/shop`,
  DS_API_KEY: KEY,
  DS_ADMIN_KEY: ADMIN_KEY,
};

const withUrlPassword = (password: string) => ({
  ...SAFE,
  DATABASE_URL: `postgres://svc:${encodeURIComponent(password)}@10.0.0.5/shop`,
});

function failureOf(env: Texts): string {
  const loaded = loadConfig({ env });
  return loaded.ok ? "" : formatConfigFailure(loaded.error);
}

describe("production checks", () => {
  test("accept strong secrets", () => {
    expect(failureOf(SAFE)).toBe("");
  });

  test.each([
    ["blank", ""],
    ["placeholder", "please-ChangeMe-now"],
    ["placeholder", "my-pass-PassWord-1"],
    ["shorter", "x7Qm-9vLr"],
  ])("refuse a %s database password: %p", (reason, password) => {
    expect(failureOf(withUrlPassword(password))).toContain(
      `- DATABASE_URL has a ${reason === "shorter" ? "password shorter" : reason}`,
    );
  });

  test("refuse a password equal to the user or the database, but do not judge their names", () => {
    const url = "postgres://default_reader:default_reader@10.0.0.5/example_shop";
    expect(failureOf({ ...SAFE, DATABASE_URL: url })).toContain("- DATABASE_URL");
    expect(failureOf({ ...SAFE, DATABASE_URL: url.replace(":default_reader", `:${PASSWORD}`) })).toBe("");
    expect(
      failureOf({ ...SAFE, DATABASE_URL: "postgres://svc:warehouse_two@10.0.0.5/warehouse_two" }),
    ).toContain("equal to the user or database name");
  });

  test("check POSTGRES_PASSWORD too when it is set", () => {
    expect(failureOf({ ...SAFE, POSTGRES_PASSWORD: "changeme" })).toContain("- POSTGRES_PASSWORD");
    expect(failureOf({ ...SAFE, POSTGRES_PASSWORD: "" })).toContain(
      "- POSTGRES_PASSWORD has a blank password",
    );
    expect(failureOf({ ...SAFE, POSTGRES_PASSWORD: PASSWORD })).toBe("");
  });

  const BROKERS = {
    ...SAFE,
    KAFKA_BOOTSTRAP_SERVERS: "10.0.0.6:9092",
    KAFKA_SASL_MECHANISM: "SCRAM-SHA-512",
    KAFKA_SASL_USERNAME: "reco",
    KAFKA_SASL_PASSWORD: PASSWORD,
  };

  test.each<[string, string, Texts]>([
    ["a weak password", "KAFKA_SASL_PASSWORD has a placeholder", { KAFKA_SASL_PASSWORD: "change_me" }],
    ["a password in the clear", "KAFKA_SASL_MECHANISM is PLAIN", { KAFKA_SASL_MECHANISM: "PLAIN" }],
    [
      "plain text over a public network",
      "KAFKA_BOOTSTRAP_SERVERS reaches a public address",
      { KAFKA_BOOTSTRAP_SERVERS: "kafka.example.com:9092" },
    ],
  ])("refuse %s to brokers", (_, problem, env) => {
    expect(failureOf(BROKERS)).toBe("");
    expect(failureOf({ ...BROKERS, ...env })).toContain(`- ${problem}`);
    expect(failureOf({ ...BROKERS, ...env, RECO_ROLES: "http" })).toBe("");
  });

  test("take the same to brokers by TLS", () => {
    const env = { ...BROKERS, KAFKA_BOOTSTRAP_SERVERS: "kafka.example.com:9092", KAFKA_SSL: "true" };
    expect(failureOf({ ...env, KAFKA_SASL_MECHANISM: "PLAIN" })).toBe("");
  });

  test("need a database, or leave for the embedded one", () => {
    const { DATABASE_URL: _url, ...rest } = SAFE;
    expect(failureOf(rest)).toContain("- DATABASE_URL is not set");
    expect(failureOf({ ...rest, RECO_EMBEDDED: "true" })).toBe("");
  });

  test.each([
    ["short", "f3b1c9d27a5e48f0"],
    ["regular", "ab".repeat(20)],
    ["a documented placeholder", "replace-me-with-a-random-key-1234567890"],
    ["a pair of equal ones", `${KEY},${KEY}`],
  ])("refuse an API key that is %s", (_reason, key) => {
    expect(failureOf({ ...SAFE, DS_API_KEY: key })).toContain("- DS_API_KEY holds");
  });

  test("need an API key for the http role alone", () => {
    const { DS_API_KEY: _key, ...rest } = SAFE;
    expect(failureOf(rest)).toContain("- DS_API_KEY is not set");
    expect(failureOf({ ...rest, RECO_ROLES: "relay" })).toBe("");
  });

  test("need an admin key wherever keys are needed, for the http role alone", () => {
    const { DS_ADMIN_KEY: _key, ...rest } = SAFE;
    expect(failureOf(rest)).toContain("- DS_ADMIN_KEY is not set");
    expect(failureOf({ ...rest, RECO_ROLES: "relay" })).toBe("");
    expect(failureOf({ APP_ENV: "staging", DS_API_KEY: "k" })).toContain("- DS_ADMIN_KEY is not set");
    expect(failureOf({ APP_ENV: "dev", DS_API_KEY: "k" })).toBe("");
  });

  test("refuse weak secrets of administration, and ones that equal another", () => {
    expect(failureOf({ ...SAFE, DS_ADMIN_KEY: "short" })).toContain("- DS_ADMIN_KEY holds a key shorter");
    expect(failureOf({ ...SAFE, DS_ADMIN_KEY: KEY })).toContain("- DS_ADMIN_KEY equals an API key");
    expect(failureOf({ ...SAFE, MODEL_RELOAD_TOKEN: ADMIN_KEY })).toContain(
      "- MODEL_RELOAD_TOKEN equals DS_ADMIN_KEY",
    );
    expect(failureOf({ ...SAFE, MODEL_RELOAD_TOKEN: KEY.split("").reverse().join("") })).toBe("");
  });

  test("refuse open mode and armed failpoints", () => {
    expect(failureOf({ ...SAFE, API_AUTH_MODE: "off" })).toContain("- API_AUTH_MODE is off");
    expect(failureOf({ ...SAFE, RECO_FAILPOINTS: "x=throw" })).toContain("- RECO_FAILPOINTS is set");
  });

  test("refuse plain text to a public address", () => {
    const url = `postgres://svc:${PASSWORD}@203.0.113.9/shop`;
    expect(failureOf({ ...SAFE, DATABASE_URL: url })).toContain("without TLS");
    expect(failureOf({ ...SAFE, DATABASE_URL: `${url}?sslmode=verify-full` })).toBe("");
    expect(failureOf({ ...SAFE, DATABASE_URL: url, ALLOW_PLAINTEXT_STORES: "true" })).toBe("");
  });

  test("refuse plain text to a Redis on a public address", () => {
    const redis = { ...SAFE, ONLINE_CACHE_BACKEND: "redis", REDIS_URL: "redis://203.0.113.9:6379/0" };
    expect(failureOf(redis)).toContain("- ONLINE_CACHE_REDIS_URL reaches a public address");
    expect(failureOf({ ...redis, REDIS_URL: "rediss://203.0.113.9:6379/0" })).toBe("");
    expect(failureOf({ ...redis, ALLOW_PLAINTEXT_STORES: "true" })).toBe("");
    expect(failureOf({ ...redis, ONLINE_CACHE_BACKEND: "memory" })).toBe("");
    expect(failureOf({ ...redis, ONLINE_CACHE_ENABLED: "false" })).toBe("");
  });

  test("list everything at once under the fixed first line, without a value", () => {
    const failure = failureOf({
      APP_ENV: "prod",
      RECO_ROLES: "relay",
      DATABASE_URL: "postgres://svc:changeme-77@10.0.0.5/shop",
      POSTGRES_PASSWORD: "password-88",
    });
    expect(failure.split("\n")[0]).toBe(
      "outbox-relay: insecure DATABASE_URL/POSTGRES_* secret value is not allowed in APP_ENV=production",
    );
    expect(failure.split("\n")).toHaveLength(3);
    expect(failure).not.toMatch(/77|88/);
  });

  test("are skipped outside production, and when told to", () => {
    const weak = { DATABASE_URL: "postgres://svc:svc@10.0.0.5/shop" };
    expect(failureOf({ ...weak, APP_ENV: "staging", DS_ADMIN_KEY: "k" })).toBe("");
    expect(failureOf({ ...weak, APP_ENV: "production", ALLOW_INSECURE_PROD_DEFAULTS: "yes" })).toBe("");
  });
});

describe("warnings", () => {
  const warned = (env: Texts) => {
    const loaded = loadConfig({ env });
    return loaded.ok ? loaded.value.warnings.map(({ variable }) => variable) : [];
  };

  test("open mode is warned of", () => {
    expect(warned({})).toEqual(["API_AUTH_MODE"]);
    expect(warned({ DS_API_KEY: "k" })).toEqual([]);
  });

  test("production is warned of plain text and of open metrics", () => {
    expect(warned(SAFE)).toEqual(["DATABASE_URL", "METRICS_HOST"]);
    const redis = { ...SAFE, ONLINE_CACHE_BACKEND: "redis" };
    expect(warned({ ...redis, REDIS_URL: "redis://cache" })).toContain("ONLINE_CACHE_REDIS_URL");
    expect(warned({ ...redis, REDIS_URL: "rediss://cache" })).not.toContain("ONLINE_CACHE_REDIS_URL");
  });

  test("production is warned of memory that consumers elsewhere cannot tell", () => {
    const split = { ...SAFE, RECO_ROLES: "http,relay" };
    expect(warned(split)).toContain("ONLINE_CACHE_BACKEND");
    expect(warned({ ...split, ONLINE_CACHE_BACKEND: "redis" })).not.toContain("ONLINE_CACHE_BACKEND");
    expect(warned({ ...split, RECO_ROLES: "relay,monitor" })).not.toContain("ONLINE_CACHE_BACKEND");
  });
});

describe("public addresses", () => {
  test.each([
    "10.1.2.3",
    "127.0.0.1",
    "192.168.1.1",
    "172.16.0.1",
    "100.64.0.1",
    "::1",
    "fd00::1",
    "postgres",
    "db.svc",
    "db.internal",
    "/run/pg",
    "",
  ])("%p is not public", (host) => {
    expect(isPublicHost(host)).toBe(false);
  });

  test.each(["8.8.8.8", "172.32.0.1", "2001:db8::1", "db.example.org"])("%p is public", (host) => {
    expect(isPublicHost(host)).toBe(true);
  });
});
