/** Parses the variables of the table out of flags, process environment and env file. */

import type { ConfigProblem, ConfigWarning } from "./problem.ts";
import { VARIABLES, type Values, type VariableName } from "./schema.ts";
import type { Variable } from "./variable.ts";

export type Texts = Readonly<Record<string, string | undefined>>;

/** Where texts come from; the earlier member wins. */
export interface ConfigSources {
  /** Command-line flags, by the name of the variable they stand for. */
  readonly flags?: Texts;
  readonly env: Texts;
  /** What the env file holds. */
  readonly file?: Texts;
}

export type Source = "flag" | "env" | "file" | "default";

export interface ParsedValues {
  readonly values: Values;
  readonly sources: Readonly<Record<VariableName, Source>>;
  readonly warnings: readonly ConfigWarning[];
  readonly problems: readonly ConfigProblem[];
}

export function parseValues(sources: ConfigSources): ParsedValues {
  const values: Record<string, unknown> = {};
  const found: Record<string, Source> = {};
  const warnings: ConfigWarning[] = [];
  const problems: ConfigProblem[] = [];
  for (const [name, variable] of Object.entries<Variable<unknown>>(VARIABLES)) {
    const hit = lookUp(sources, [name, ...(variable.aliases ?? [])], variable.blankIsUnset);
    const value = hit === null ? variable.fallback : variable.parse(hit.text);
    values[name] = value === undefined ? variable.fallback : value;
    found[name] = hit === null || value === undefined ? "default" : hit.source;
    if (hit === null || value !== undefined) continue;
    const expected = variable.kind.includes(",") ? `one of ${variable.kind}` : `a ${variable.kind}`;
    if (variable.onInvalid === "refuse") {
      problems.push({ kind: "invalid", variable: hit.name, message: `must be ${expected}` });
    } else {
      const used = variable.defaultText ?? String(variable.fallback);
      warnings.push({ variable: hit.name, detail: `is not ${expected}; the default is used: ${used}` });
    }
  }
  return {
    values: values as Values,
    sources: found as Record<VariableName, Source>,
    warnings,
    problems,
  };
}

/** The trimmed text of the first name that is set, or null. */
function lookUp(
  { flags = {}, env, file = {} }: ConfigSources,
  names: readonly string[],
  blankIsUnset: boolean,
) {
  for (const name of names) {
    for (const [source, texts] of [
      ["flag", flags] as const,
      ["env", env] as const,
      ["file", file] as const,
    ]) {
      const text = texts[name]?.trim();
      if (text === undefined || (text === "" && blankIsUnset)) continue;
      return { name, source, text };
    }
  }
  return null;
}

/** The text of one variable whatever the table says, or undefined. */
export const textOf = ({ flags = {}, env, file = {} }: ConfigSources, name: string): string | undefined =>
  (flags[name] ?? env[name] ?? file[name])?.trim();
