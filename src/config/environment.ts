/** Reads the process environment, the env file and secret files: the only door to `process.env`. */

import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { err, ok, type Result } from "../core/result.ts";
import { type CommandSettings, commandSettings } from "./command-settings.ts";
import { checkKafkaFiles } from "./kafka-checks.ts";
import { type LoadedConfig, loadConfig } from "./load.ts";
import type { ConfigSources, Texts } from "./parse-values.ts";
import type { ConfigFailure, ConfigProblem } from "./problem.ts";
import { VARIABLES } from "./schema.ts";
import type { Variable } from "./variable.ts";

const MAX_FILE_BYTES = 1024 * 1024;

/** Loads the configuration of this process; `flags` are keyed by the variable they stand for and win. */
export function loadProcessConfig(flags: Texts = {}): Result<LoadedConfig, ConfigFailure> {
  const { sources, problems } = readEnvironment(process.env, flags);
  const loaded = loadConfig(sources);
  const fileProblems = loaded.ok ? checkKafkaFiles(loaded.value.config, readText) : [];
  if (problems.length === 0 && fileProblems.length === 0) return loaded;
  return err({
    component: loaded.ok ? loaded.value.component : loaded.error.component,
    problems: [...problems, ...(loaded.ok ? fileProblems : loaded.error.problems)],
  });
}

/** The few settings of a command that only talks to a server or its database. */
export function loadCommandSettings(): Result<CommandSettings, ConfigFailure> {
  const { sources, problems } = readEnvironment(process.env);
  return problems.length === 0 ? ok(commandSettings(sources)) : err({ component: "cli", problems });
}

/** What a tree that this program starts for itself needs of the system; other settings of this process are not its own. */
const SYSTEM_VARIABLES = ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"] as const;

/** The whole environment of such a tree. */
export const ownEnvironment = (settings: Readonly<Record<string, string>>): Record<string, string> => ({
  ...Object.fromEntries(
    SYSTEM_VARIABLES.map((name) => [name, process.env[name] ?? ""]).filter(([, text]) => text),
  ),
  ...settings,
});

/** `env` with the env file beside it and with secrets read from their files; files that cannot be read are problems. */
export function readEnvironment(
  env: Texts,
  flags: Texts = {},
): { sources: ConfigSources; problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const file = readEnvFile(flags["RECO_ENV_FILE"] ?? env["RECO_ENV_FILE"], problems);
  return {
    sources: { flags, env: withSecretFiles(env, problems), file: withSecretFiles(file, problems) },
    problems,
  };
}

/** The default file may be missing, a named one may not. */
function readEnvFile(path: string | undefined, problems: ConfigProblem[]): Texts {
  const named = path !== undefined && path.trim() !== "";
  const text = readText(named ? path : VARIABLES.RECO_ENV_FILE.fallback);
  if (text !== null) return parseEnv(text);
  if (named)
    problems.push({ kind: "invalid", variable: "RECO_ENV_FILE", message: `cannot be read: ${path}` });
  return {};
}

/** `X_FILE` gives the secret X where X itself is not set. */
function withSecretFiles(texts: Texts, problems: ConfigProblem[]): Texts {
  const complete: Record<string, string | undefined> = { ...texts };
  for (const [name, variable] of Object.entries<Variable<unknown>>(VARIABLES)) {
    const path = texts[`${name}_FILE`]?.trim();
    if (!variable.secret || !path || texts[name]) continue;
    const text = readText(path);
    if (text === null) {
      problems.push({ kind: "invalid", variable: `${name}_FILE`, message: `cannot be read: ${path}` });
    } else complete[name] = text.trim();
  }
  return complete;
}

function readText(path: string): string | null {
  try {
    const text = readFileSync(path, "utf8");
    return text.length > MAX_FILE_BYTES ? null : text;
  } catch {
    return null; // The caller names the file that cannot be read.
  }
}
