/** Prints a value without its secrets. */

import { VARIABLES, type Values, type VariableName } from "./schema.ts";

export function redactSetting(name: VariableName, value: Values[VariableName]): string {
  if (value === null) return VARIABLES[name].defaultText ?? "none";
  if (!VARIABLES[name].secret) return String(value);
  return name === "DATABASE_URL" || name === "ONLINE_CACHE_REDIS_URL" ? redactUrl(String(value)) : "***";
}

/** The URL with `***` for its password and without its parameters, which may hold one as well. */
function redactUrl(text: string): string {
  if (!URL.canParse(text)) return "***";
  const { protocol, username, password, host, pathname } = new URL(text);
  const user = username === "" ? "" : `${username}${password === "" ? "" : ":***"}@`;
  return `${protocol}//${user}${host}${pathname}`;
}
