/** Refuses settings that are not safe in production, and warns of doubtful ones. */

import type { Config } from "./config.ts";
import { isPublicHost, parseDatabaseUrl } from "./database-url.ts";
import { usesKafka } from "./kafka-checks.ts";
import type { ConfigProblem, ConfigWarning } from "./problem.ts";
import { parseRedisUrl, type RedisTarget } from "./redis-url.ts";
import type { Values } from "./schema.ts";
import { keyProblem, passwordProblem } from "./secret-strength.ts";

interface Checked {
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

/** `textOf` gives a variable's text as it was set, blank ones included. */
export function checkSecurity(
  config: Config,
  values: Values,
  textOf: (name: string) => string | undefined,
): Checked {
  const enforced = config.environmentClass === "production" && !values.ALLOW_INSECURE_PROD_DEFAULTS;
  const insecure = enforced
    ? [
        ...databaseSecrets(config, values, textOf),
        ...(config.roles.includes("http") ? [...apiKeys(config, values), ...adminSecrets(config)] : []),
        ...switches(values),
        ...transport(config, values),
        ...(usesKafka(config) ? kafka(config, values) : []),
      ]
    : [];
  const missing = values.ALLOW_INSECURE_PROD_DEFAULTS ? [] : missingAdminKey(config);
  const kind = config.environmentClass === "production" ? "insecure" : "invalid";
  return {
    problems: [...insecure, ...missing].map(([variable, message]) => ({ kind, variable, message })),
    warnings: warnings(config),
  };
}

type Finding = readonly [variable: string, message: string];

function databaseSecrets(
  config: Config,
  values: Values,
  textOf: (name: string) => string | undefined,
): Finding[] {
  const findings: Finding[] = [];
  const target = config.database.url === null ? null : parseDatabaseUrl(config.database.url);
  if (target) {
    const problem = passwordProblem(target.password, [target.user, target.database]);
    if (problem) findings.push(["DATABASE_URL", problem]);
  } else if (config.database.url === null && !config.embeddedAllowed) {
    findings.push(["DATABASE_URL", "is not set, and RECO_EMBEDDED=true is needed for the embedded server"]);
  }
  const password = textOf("POSTGRES_PASSWORD");
  if (password !== undefined) {
    const problem = passwordProblem(password, [values.POSTGRES_USER ?? "", values.POSTGRES_DB ?? ""]);
    if (problem) findings.push(["POSTGRES_PASSWORD", problem]);
  }
  return findings;
}

function apiKeys(config: Config, values: Values): Finding[] {
  const keys = config.http.apiKeys;
  if (keys.length === 0) return values.API_AUTH_MODE === "off" ? [] : [["DS_API_KEY", "is not set"]];
  const problems = new Set(keys.map(keyProblem).filter((problem) => problem !== null));
  if (new Set(keys).size < keys.length) problems.add("holds one key twice");
  return [...problems].map((problem): Finding => ["DS_API_KEY", problem]);
}

/** Also outside production: where others can reach the server, somebody must be able to administer it, and only they. */
function missingAdminKey({ http, roles, environmentClass }: Config): Finding[] {
  const isNeeded = roles.includes("http") && environmentClass !== "development" && http.authMode === "keyed";
  return isNeeded && http.adminKey === null ? [["DS_ADMIN_KEY", "is not set"]] : [];
}

function adminSecrets({ http }: Config): Finding[] {
  const findings: Finding[] = [];
  for (const [name, secret] of [
    ["DS_ADMIN_KEY", http.adminKey],
    ["MODEL_RELOAD_TOKEN", http.modelReloadToken],
  ] as const) {
    if (secret === null) continue;
    const problem = http.apiKeys.includes(secret) ? "equals an API key" : keyProblem(secret);
    if (problem !== null) findings.push([name, problem]);
  }
  if (http.adminKey !== null && http.adminKey === http.modelReloadToken) {
    findings.push(["MODEL_RELOAD_TOKEN", "equals DS_ADMIN_KEY"]);
  }
  return findings;
}

function switches(values: Values): Finding[] {
  const findings: Finding[] = [];
  if (values.API_AUTH_MODE === "off") findings.push(["API_AUTH_MODE", "is off"]);
  if (values.RECO_FAILPOINTS !== "") findings.push(["RECO_FAILPOINTS", "is set"]);
  return findings;
}

function transport(config: Config, values: Values): Finding[] {
  if (values.ALLOW_PLAINTEXT_STORES) return [];
  const findings: Finding[] = [];
  const target = config.database.url === null ? null : parseDatabaseUrl(config.database.url);
  if (target && !target.requiresTls && isPublicHost(target.host)) {
    findings.push(["DATABASE_URL", "reaches a public address without TLS; set sslmode=require"]);
  }
  const redis = redisTarget(config);
  if (redis && !redis.hasTls && isPublicHost(redis.host)) {
    findings.push(["ONLINE_CACHE_REDIS_URL", "reaches a public address without TLS; use rediss://"]);
  }
  return findings;
}

function kafka({ kafka: settings }: Config, values: Values): Finding[] {
  if (settings === null) return [];
  const { ssl, sasl, bootstrapServers } = settings;
  const findings: Finding[] = [];
  const problem = sasl && passwordProblem(sasl.password, [sasl.username]);
  if (problem) findings.push(["KAFKA_SASL_PASSWORD", problem]);
  if (ssl !== null || values.ALLOW_PLAINTEXT_STORES) return findings;
  if (sasl?.mechanism === "PLAIN") {
    findings.push([
      "KAFKA_SASL_MECHANISM",
      "is PLAIN and shows the password to the network; set KAFKA_SSL=true",
    ]);
  }
  if (bootstrapServers.some((server) => isPublicHost(server.slice(0, server.lastIndexOf(":"))))) {
    findings.push(["KAFKA_BOOTSTRAP_SERVERS", "reaches a public address without TLS; set KAFKA_SSL=true"]);
  }
  return findings;
}

function warnings(config: Config): ConfigWarning[] {
  const found: ConfigWarning[] = [];
  if (config.http.authMode === "open" && config.roles.includes("http")) {
    found.push({ variable: "API_AUTH_MODE", detail: "leaves the core routes open: no key is needed" });
  }
  if (config.environmentClass !== "production") return found;
  const target = config.database.url === null ? null : parseDatabaseUrl(config.database.url);
  if (config.database.url === null) {
    found.push({ variable: "DATABASE_URL", detail: "is not set: the embedded server runs in production" });
  }
  if (target && !target.requiresTls && !target.host.startsWith("/")) {
    found.push({ variable: "DATABASE_URL", detail: "reaches its server without TLS" });
  }
  const redis = redisTarget(config);
  if (redis && !redis.hasTls) {
    found.push({ variable: "ONLINE_CACHE_REDIS_URL", detail: "reaches its server without TLS" });
  }
  if (!redis && config.cache.enabled && config.roles.includes("http") !== config.roles.includes("consumer")) {
    const detail = "is memory: what consumers of other trees change shows once entries end, not at once";
    found.push({ variable: "ONLINE_CACHE_BACKEND", detail });
  }
  if (config.metrics.enabled && config.metrics.host === "0.0.0.0") {
    found.push({ variable: "METRICS_HOST", detail: "is 0.0.0.0: metrics are readable without a key" });
  }
  return found;
}

const redisTarget = ({ cache }: Config): RedisTarget | null =>
  cache.enabled && cache.redis !== null ? parseRedisUrl(cache.redis.url) : null;
