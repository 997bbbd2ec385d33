/** Loads the configuration for a command, or ends it with every problem named. */

import type { CommandSettings } from "../config/command-settings.ts";
import type { Config } from "../config/config.ts";
import { loadCommandSettings, loadProcessConfig } from "../config/environment.ts";
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

/** For commands that work beside a server: what that server would refuse is not theirs to judge. */
export function settingsOrExit(): CommandSettings {
  const loaded = loadCommandSettings();
  if (!loaded.ok) throw new CommandError(EXIT_CONFIG, formatConfigFailure(loaded.error));
  return loaded.value;
}
