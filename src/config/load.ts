/** Loads the configuration: parses, checks and freezes it, and names all problems at once. */

import { err, ok, type Result } from "../core/result.ts";
import { buildConfig } from "./build-config.ts";
import type { Config } from "./config.ts";
import { connectionBudget, EMBEDDED_CONNECTIONS } from "./connection-budget.ts";
import { parseDatabaseUrl } from "./database-url.ts";
import { deepFreeze } from "./freeze.ts";
import { hasTrainer } from "./has-trainer.ts";
import { checkKafkaSettings } from "./kafka-checks.ts";
import { UNSUPPORTED, UNUSED } from "./later.ts";
import { type ConfigSources, parseValues, type Source, textOf } from "./parse-values.ts";
import type { ConfigFailure, ConfigProblem, ConfigWarning } from "./problem.ts";
import { redactSetting } from "./redact.ts";
import { parseRedisUrl } from "./redis-url.ts";
import { componentOf, parseRoles } from "./roles.ts";
import type { VariableName } from "./schema.ts";
import { checkSecurity } from "./security-checks.ts";

/** One variable as it is in force, safe to print. */
export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly source: Source;
}

export interface LoadedConfig {
  /** Deep frozen, and cloneable between realms. */
  readonly config: Config;
  /** `api`, `outbox-relay`, `feature-consumer`, `monitor` or `trainer`. */
  readonly component: string;
  readonly warnings: readonly ConfigWarning[];
  readonly settings: readonly Setting[];
}

export function loadConfig(sources: ConfigSources): Result<LoadedConfig, ConfigFailure> {
  const parsed = parseValues(sources);
  const { roles, problems: roleProblems } = parseRoles(parsed.values.RECO_ROLES);
  const config = buildConfig(parsed.values, roles);
  const component = componentOf(roles);
  const security = checkSecurity(config, parsed.values, (name) => textOf(sources, name));
  const problems = [
    ...parsed.problems,
    ...roleProblems,
    ...unsupported(sources),
    ...databaseUrl(config),
    ...checkKafkaSettings(config, parsed.values),
    ...redisUrl(config),
    ...tooManyConnections(config),
    ...nothingToRun(config),
    ...security.problems,
  ];
  if (problems.length > 0) return err({ component, problems });
  return ok({
    config: deepFreeze(config),
    component,
    warnings: [...parsed.warnings, ...unused(sources), ...security.warnings],
    settings: Object.entries(parsed.sources).map(([name, source]) => ({
      name,
      value: redactSetting(name as VariableName, parsed.values[name as VariableName]),
      source,
    })),
  });
}

function unsupported(sources: ConfigSources): ConfigProblem[] {
  return Object.entries(UNSUPPORTED).flatMap(([variable, isAllowed]): ConfigProblem[] => {
    const text = textOf(sources, variable) ?? "";
    if (text === "" || isAllowed(text)) return [];
    return [{ kind: "unsupported", variable, message: "asks for what is not supported by this release" }];
  });
}

function unused(sources: ConfigSources): ConfigWarning[] {
  const names = UNUSED.filter((name) => (textOf(sources, name) ?? "") !== "");
  return names.map((variable) => ({ variable, detail: "is not used by this release" }));
}

function databaseUrl({ database }: Config): ConfigProblem[] {
  if (database.url === null || parseDatabaseUrl(database.url)) return [];
  return [{ kind: "invalid", variable: "DATABASE_URL", message: "must be a postgres:// URL with one host" }];
}

function redisUrl({ cache }: Config): ConfigProblem[] {
  if (cache.redis === null || parseRedisUrl(cache.redis.url)) return [];
  const message = "must be a redis:// or rediss:// URL with one host";
  return [{ kind: "invalid", variable: "ONLINE_CACHE_REDIS_URL", message }];
}

/** A tree of the trainer alone that may not train. */
function nothingToRun(config: Config): ConfigProblem[] {
  if (config.roles.some((role) => role !== "trainer") || hasTrainer(config)) return [];
  const message = "names only the trainer, which ENABLE_SCHEDULER or ENABLE_WORKER switches off";
  return config.roles.length === 0 ? [] : [{ kind: "invalid", variable: "RECO_ROLES", message }];
}

function tooManyConnections(config: Config): ConfigProblem[] {
  const budget = connectionBudget(config);
  if (config.database.url !== null || budget <= EMBEDDED_CONNECTIONS) return [];
  const message =
    `and the numbers of actors allow ${budget} connections, ` +
    `the embedded server has ${EMBEDDED_CONNECTIONS} for them`;
  return [{ kind: "invalid", variable: "DB_POOL_MAX_SIZE", message }];
}
