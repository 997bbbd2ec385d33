/** Tells development and production environments from all others. */

import type { Config } from "./config.ts";

const DEVELOPMENT = ["dev", "development", "test", "local", "ci"];
const PRODUCTION = ["prod", "production"];

export function classifyEnvironment(environment: string): Config["environmentClass"] {
  const name = environment.toLowerCase();
  if (DEVELOPMENT.includes(name)) return "development";
  return PRODUCTION.includes(name) ? "production" : "other";
}
