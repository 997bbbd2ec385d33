/** Configurations for tests of checks: the default one with a few variables set. */

import type { Config } from "../../../../src/config/config.ts";
import { loadConfig } from "../../../../src/config/load.ts";
import type { Texts } from "../../../../src/config/parse-values.ts";

export function configOf(env: Texts = {}): Config {
  const loaded = loadConfig({ env });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value.config;
}
