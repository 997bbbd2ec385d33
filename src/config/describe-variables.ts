/** The JSON schema of the environment: every variable as the text it is. */

import { VARIABLES } from "./schema.ts";
import type { Variable } from "./variable.ts";

interface VariableSchema {
  readonly type: "string";
  readonly description: string;
  /** Where the default is a text of its own. */
  readonly default?: string;
  readonly pattern?: string;
  /** Values are taken in any case; others mean what the description says. */
  readonly examples?: readonly string[];
  readonly writeOnly?: true;
}

const PATTERNS: Readonly<Record<string, string>> = {
  "positive int": "^\\s*\\+?0*[1-9]\\d*\\s*$",
  "non-negative int": "^\\s*\\+?\\d+\\s*$",
  port: "^\\s*\\+?0*[1-9]\\d{0,4}\\s*$",
};

/** JSON Schema 2020-12 of an object whose members are the variables. */
export function describeVariables() {
  const variables = Object.entries<Variable<unknown>>(VARIABLES);
  // A name of its own comes after the aliases, since one variable's alias may be another's name.
  const aliases = variables.flatMap(([, variable]) =>
    (variable.aliases ?? []).map((alias) => [alias, describe(variable)] as const),
  );
  const properties: Record<string, VariableSchema> = Object.fromEntries([
    ...aliases,
    ...variables.map(([name, variable]) => [name, describe(variable)] as const),
  ]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Environment of reco",
    type: "object",
    properties,
    additionalProperties: true,
  };
}

function describe({ kind, fallback, defaultText, description, secret }: Variable<unknown>): VariableSchema {
  const pattern = PATTERNS[kind];
  const examples = kind === "bool" ? ["true", "false"] : kind.includes(", ") ? kind.split(", ") : null;
  return {
    type: "string",
    description: defaultText === undefined ? description : `${description} Default: ${defaultText}.`,
    ...(fallback === null ? {} : { default: String(fallback) }),
    ...(pattern ? { pattern } : {}),
    ...(examples ? { examples } : {}),
    ...(secret ? { writeOnly: true as const } : {}),
  };
}
