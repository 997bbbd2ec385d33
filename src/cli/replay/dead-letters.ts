/** `reco replay-feature-consumer-dlq`: applies dead letters again, by the consumer's own way. */

import { Command, InvalidArgumentError, Option } from "commander";
import type { Config } from "../../config/config.ts";
import { systemClock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import type { TopicKinds } from "../../events/stream-record.ts";
import { createDeadLetterReplays, type DeadLetterFilter } from "../../stores/postgres/dlq-replay.ts";
import { readDlqSnapshot } from "../../stores/postgres/dlq-snapshot.ts";
import { outputJson } from "../acceptance/flags.ts";
import { reportText, writeReport } from "../acceptance/report-file.ts";
import { configOrExit } from "../configuration.ts";
import { asCommandError, openStore } from "../database.ts";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.ts";
import { forgetShared } from "../shared-cache.ts";
import { limit, topic } from "./flags.ts";
import { operator } from "./operator.ts";
import { dryRun, replayLetters } from "./replay-letters.ts";
import { deadLetterReport } from "./report.ts";

const READ_TIMEOUT_MS = 30_000;
const LEASE_MS = 15_000;
const DEFAULT_LIMIT = 100;

type Statuses = DeadLetterFilter["statuses"];

interface DeadLetterFlags {
  readonly topic: string;
  readonly status: Statuses;
  readonly limit: number;
  readonly dryRun: boolean;
  readonly outputJson: string;
}

export function replayDeadLettersCommand(): Command {
  return new Command("replay-feature-consumer-dlq")
    .description(
      "apply dead letters of the feature consumer again; prints a JSON report, exit 1 when one fails",
    )
    .addOption(topic())
    .addOption(
      new Option("--status <status>", "rows that are pending, replayed or all")
        .default(["pending"], "pending")
        .argParser(parseStatuses),
    )
    .addOption(limit(DEFAULT_LIMIT))
    .option("--dry-run", "list the rows, and change nothing", false)
    .addOption(outputJson())
    .action(async (flags: DeadLetterFlags) => {
      try {
        process.exitCode = await run(flags, configOrExit());
      } catch (error) {
        throw asCommandError(error);
      }
    });
}

function parseStatuses(text: string): Statuses {
  if (text === "all") return ["pending", "replayed"];
  if (text === "pending" || text === "replayed") return [text];
  throw new InvalidArgumentError(`Unsupported DLQ statuses: ${text}. It must be pending, replayed or all.`);
}

async function run(flags: DeadLetterFlags, config: Config): Promise<number> {
  await using store = await openStore(config, "reco-replay-dlq");
  await using _forgetting = flags.dryRun ? null : forgetShared(config);
  const { pool } = store;
  const { historySize } = config.consumer;
  const replays = createDeadLetterReplays({ pool, historySize, actor: operator() });
  const filter = { statuses: flags.status, topic: flags.topic || null, limit: flags.limit };
  const letters = await replays.list(filter, Deadline.after(READ_TIMEOUT_MS));
  const kinds: TopicKinds = new Map([
    [config.topics.impressions, "impression"],
    [config.topics.watches, "watch"],
  ]);
  const outcomes = flags.dryRun
    ? dryRun(letters, kinds)
    : await replayLetters({ replays, kinds, clock: systemClock, leaseMs: LEASE_MS }, letters);
  const snapshot = await readDlqSnapshot(pool, Deadline.after(READ_TIMEOUT_MS));
  const report = deadLetterReport({ dryRun: flags.dryRun, filter, outcomes, snapshot });
  console.log(reportText(report));
  writeReport(flags.outputJson, report);
  return report.replay_failed + report.mark_failures > 0 ? EXIT_FAILED : EXIT_OK;
}
