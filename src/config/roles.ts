/** Which roles a tree runs. */

import { ROLES, type Role } from "./config.ts";
import type { ConfigProblem } from "./problem.ts";

/** In the order of `ROLES`, each once; all of them when `list` is null. */
export function parseRoles(list: string | null): {
  roles: readonly Role[];
  problems: readonly ConfigProblem[];
} {
  if (list === null) return { roles: ROLES, problems: [] };
  const names = list
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  const roles = ROLES.filter((role) => names.includes(role));
  const problems = names
    .filter((name) => !ROLES.some((role) => role === name))
    .map((name): ConfigProblem => ({ kind: "invalid", variable: "RECO_ROLES", message: unknownRole(name) }));
  if (names.length === 0)
    problems.push({ kind: "invalid", variable: "RECO_ROLES", message: "names no role" });
  return { roles, problems };
}

const unknownRole = (name: string): string =>
  `names the unknown role ${JSON.stringify(name)}; known are ${ROLES.join(", ")}`;

/** The name of the first role in log lines and error messages. */
export function componentOf(roles: readonly Role[]): string {
  if (roles.includes("http")) return "api";
  if (roles.includes("relay")) return "outbox-relay";
  if (roles.includes("consumer")) return "feature-consumer";
  return roles.includes("monitor") ? "monitor" : "trainer";
}
