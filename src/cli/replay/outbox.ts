/** `reco replay-outbox`: gives dead outbox rows, or published ones when asked, to the relay again. */

import { Command } from "commander";
import type { Config } from "../../config/config.ts";
import { Deadline } from "../../core/deadline.ts";
import { type RequeueFilter, requeue, requeueable } from "../../stores/postgres/outbox-requeue.ts";
import { readOutboxSnapshot } from "../../stores/postgres/outbox-snapshot.ts";
import { outputJson } from "../acceptance/flags.ts";
import { writeReport } from "../acceptance/report-file.ts";
import { configOrExit } from "../configuration.ts";
import { asCommandError, openStore } from "../database.ts";
import { CommandError, EXIT_USAGE } from "../exit-codes.ts";
import { instant, limit, status, topic } from "./flags.ts";
import { operator } from "./operator.ts";
import { type OutboxReplay, outboxReport } from "./report.ts";

const REPLAY_TIMEOUT_MS = 60_000;
const DEFAULT_LIMIT = 1000;
const STATUSES = ["dead", "published", "all"] as const;

interface OutboxFlags {
  readonly topic: string;
  readonly limit: number;
  readonly status: (typeof STATUSES)[number];
  readonly since?: number;
  readonly until?: number;
  readonly dryRun: boolean;
  readonly outputJson: string;
}

export function replayOutboxCommand(): Command {
  return new Command("replay-outbox")
    .description("put dead outbox rows back to pending, so that the relay publishes them again")
    .addOption(topic())
    .addOption(limit(DEFAULT_LIMIT))
    .addOption(status(STATUSES, "dead"))
    .addOption(instant("--since <time>", "rows created at or after this time"))
    .addOption(instant("--until <time>", "rows created before this time"))
    .option("--dry-run", "say how many rows it would be, and change nothing", false)
    .addOption(outputJson())
    .action(async (flags: OutboxFlags) => {
      try {
        await run(flags, filterOf(flags), configOrExit());
      } catch (error) {
        throw asCommandError(error);
      }
    });
}

function filterOf({ topic, limit, status, since, until }: OutboxFlags): RequeueFilter {
  if (since !== undefined && until !== undefined && since >= until) {
    throw new CommandError(EXIT_USAGE, "--since must be before --until");
  }
  return { status, topic: topic || null, sinceMs: since ?? null, untilMs: until ?? null, limit };
}

async function run(
  { dryRun, outputJson }: OutboxFlags,
  filter: RequeueFilter,
  config: Config,
): Promise<void> {
  await using store = await openStore(config, "reco-replay-outbox");
  const deadline = Deadline.after(REPLAY_TIMEOUT_MS);
  const ids = dryRun
    ? await requeueable(store.pool, filter, deadline)
    : await requeue(store.pool, filter, operator(), deadline);
  console.log(`${dryRun ? "would_requeue" : "requeued"}_outbox_events=${ids.length}`);
  const replay: OutboxReplay = { dryRun, ids, snapshot: await readOutboxSnapshot(store.pool, deadline) };
  writeReport(outputJson, outboxReport(filter, replay));
}
