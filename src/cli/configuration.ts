/** Loads the configuration for a command, or ends it with every problem named. */

import type { Config } from "../config/config.ts";
import { loadProcessConfig } from "../config/environment.ts";
import type { LoadedConfig } from "../config/load.ts";
import { formatConfigFailure } from "../config/problem.ts";
import { CommandError, EXIT_CONFIG } from "./exit-codes.ts";

/** `flags` are keyed by the variable they stand for and win over the environment. */
export function loadedOrExit(flags: Readonly<Record<string, string | undefined>> = {}): LoadedConfig {
  const loaded = loadProcessConfig(flags);
  if (!loaded.ok) throw new CommandError(EXIT_CONFIG, formatConfigFailure(loaded.error));
  return loaded.value;
}

export const configOrExit = (): Config => loadedOrExit().config;
