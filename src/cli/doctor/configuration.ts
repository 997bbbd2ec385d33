/** What the configuration is found guilty of: every problem and every doubt, each by itself. */

import type { LoadedConfig } from "../../config/load.ts";
import type { ConfigFailure } from "../../config/problem.ts";
import type { Result } from "../../core/result.ts";
import type { Finding, Status } from "./check.ts";

const NAME = "configuration";

export function judgeConfiguration(loaded: Result<LoadedConfig, ConfigFailure>): readonly Finding[] {
  if (!loaded.ok) {
    return loaded.error.problems.map(({ variable, message }) => finding("fail", `${variable} ${message}`));
  }
  const { warnings, settings, config } = loaded.value;
  const set = settings.filter(({ source }) => source !== "default").length;
  return [
    finding("pass", `valid in APP_ENV=${config.environment}; ${set} of ${settings.length} variables are set`),
    ...warnings.map(({ variable, detail }) => finding("warn", `${variable} ${detail}`)),
  ];
}

const finding = (status: Status, detail: string): Finding => ({ name: NAME, status, detail });
