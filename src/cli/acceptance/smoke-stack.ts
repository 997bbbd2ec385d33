/** `reco smoke-stack`: proves on a running reco that events go in, come back as recommendations, and settle. */

import { Command } from "commander";
import { systemClock } from "../../core/clock.ts";
import { systemRandom } from "../../core/random.ts";
import { settingsOrExit } from "../configuration.ts";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.ts";
import { ApiClient } from "./api-client.ts";
import { baseUrl, count, outputJson, seconds, serverOf } from "./flags.ts";
import { reportText, writeReport } from "./report-file.ts";
import { runSmoke, type SmokeCheck } from "./smoke-run.ts";

const DEFAULT_URL = "http://localhost:8080";

interface SmokeFlags {
  readonly baseUrl?: string;
  readonly timeoutSec: number;
  readonly readyTimeoutSec: number;
  readonly pollSec: number;
  readonly seedUsers: number;
  readonly seedItems: number;
  readonly seedRounds: number;
  readonly recoRequests: number;
  readonly outboxTimeoutSec: number;
  readonly maxOutboxPending: number;
  readonly outputJson: string;
}

export function smokeStackCommand(): Command {
  return new Command("smoke-stack")
    .description(
      "send a little traffic through a running reco and check every step; prints a JSON report, exit 1 when a check fails",
    )
    .addOption(baseUrl(DEFAULT_URL))
    .addOption(seconds("--timeout-sec <sec>", "longest wait for one answer", 3))
    .addOption(seconds("--ready-timeout-sec <sec>", "longest wait until the server is ready", 90))
    .addOption(seconds("--poll-sec <sec>", "pause between two looks while waiting", 2))
    .addOption(count("--seed-users <n>", "users of the seed events", 5))
    .addOption(count("--seed-items <n>", "items of the seed events", 5))
    .addOption(count("--seed-rounds <n>", "events of each user and item: a view, then clicks", 2))
    .addOption(count("--reco-requests <n>", "recommendations to ask for, each followed by a watch", 30))
    .addOption(seconds("--outbox-timeout-sec <sec>", "longest wait until the outbox is settled", 120))
    .addOption(count("--max-outbox-pending <n>", "rows that may still wait in a settled outbox", 0, 0))
    .addOption(outputJson())
    .addHelpText("after", "\nRECO_API_KEY, else DS_API_KEY, is sent as x-api-key.")
    .action(async (flags: SmokeFlags) => {
      process.exitCode = await run(flags);
    });
}

async function run(flags: SmokeFlags): Promise<number> {
  const server = serverOf(flags.baseUrl, settingsOrExit(), DEFAULT_URL);
  using api = new ApiClient({ ...server, timeoutMs: flags.timeoutSec * 1000 });
  const plan = {
    readyTimeoutMs: flags.readyTimeoutSec * 1000,
    pollMs: flags.pollSec * 1000,
    seedUsers: flags.seedUsers,
    seedItems: flags.seedItems,
    seedRounds: flags.seedRounds,
    recoRequests: flags.recoRequests,
    outboxTimeoutMs: flags.outboxTimeoutSec * 1000,
    maxOutboxPending: flags.maxOutboxPending,
  };
  const report = await runSmoke(plan, { api, clock: systemClock, random: systemRandom, onCheck: tell });
  console.log(reportText(report));
  writeReport(flags.outputJson, report);
  return Object.values(report.checks).every((value) => value === "pass") ? EXIT_OK : EXIT_FAILED;
}

/** On standard error: standard output is the report alone. */
const tell = (check: SmokeCheck, problem: string | null) =>
  console.error(problem === null ? `[PASS] ${check}` : `[FAIL] ${check}: ${problem}`);
