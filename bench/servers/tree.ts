/** `reco serve` beside a given database, with settings that have no variable: `BENCH_CONFIG` holds what to replace. */

import { describeTree } from "../../src/actors/tree.ts";
import { realmOptions } from "../../src/cli/realm-entry.ts";
import type { Config } from "../../src/config/config.ts";
import { loadProcessConfig } from "../../src/config/environment.ts";
import { formatConfigFailure } from "../../src/config/problem.ts";
import { systemClock } from "../../src/core/clock.ts";
import { systemRandom } from "../../src/core/random.ts";
import { Supervisor } from "../../src/supervisor/supervisor.ts";
import { createLogger } from "../../src/telemetry/create-logger.ts";
import { openLogOutput } from "../../src/telemetry/log-output.ts";

type Members = Readonly<Record<string, unknown>>;

const loaded = loadProcessConfig({});
if (!loaded.ok) throw new Error(formatConfigFailure(loaded.error));
const config = withMembers(loaded.value.config, JSON.parse(process.env["BENCH_CONFIG"] ?? "{}") as Members);
const output = openLogOutput(() => {});
const realm = realmOptions();
const supervisor = new Supervisor({
  spec: describeTree(config, config.database.url ?? "", null, String(realm.threadEntry)),
  realm,
  clock: systemClock,
  random: systemRandom,
  log: createLogger({
    format: config.log.format,
    level: config.log.level,
    environment: config.environment,
    component: "supervisor",
    name: "root",
    clock: systemClock,
    output,
  }),
});
process.on("SIGTERM", () => supervisor.stop("SIGTERM"));
await supervisor.start();
process.exitCode = (await supervisor.exited).code;

/** Groups of settings are replaced member by member. */
function withMembers(base: Config, members: Members): Config {
  const groups = Object.entries(members).map(([name, given]) => {
    const group = base[name as keyof Config];
    return [name, isGroup(group) && isGroup(given) ? { ...group, ...given } : given];
  });
  return { ...base, ...Object.fromEntries(groups) } as Config;
}

function isGroup(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
