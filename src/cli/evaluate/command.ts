/** `reco evaluate`: how well the policies foresee what users did next. */

import { Command, Option } from "commander";
import type { Config } from "../../config/config.ts";
import { systemClock } from "../../core/clock.ts";
import { type EvaluationReport, reportOf } from "../../evaluation/report.ts";
import { PROTOCOLS, type Protocol } from "../../evaluation/split.ts";
import { modelTable, pairedTable, type Table } from "../../evaluation/tables.ts";
import { TRAINED } from "../../evaluation/trained-models.ts";
import { configOrExit } from "../configuration.ts";
import { asCommandError } from "../database.ts";
import { CommandError, EXIT_FAILED, EXIT_OK, EXIT_USAGE } from "../exit-codes.ts";
import { interruptible } from "../interruptible.ts";
import { alignColumns } from "../text-table.ts";
import { type Agreement, evaluate } from "./evaluate.ts";
import { readInput } from "./input.ts";
import { makeRunFolder } from "./run-folder.ts";
import { writeReport } from "./write-report.ts";

/** Its difference to all other models is told. */
const CANDIDATE = TRAINED;

interface EvaluateFlags {
  readonly runId?: string;
  readonly input?: string;
  readonly items?: string;
  readonly output?: string;
  readonly protocol: string;
  readonly throughApi: boolean;
  readonly prequential: boolean;
  readonly json: boolean;
}

export function evaluateCommand(): Command {
  return new Command("evaluate")
    .description("measure how well the policies foresee what users did next; writes a report")
    .option("--run-id <id>", "name of the run, like 20260101_023000 (default: the time)")
    .option(
      "--input <path>",
      "events as CSV or JSONL, or a MovieLens directory (default: the films of the sources)",
    )
    .option("--items <path>", "catalogue of the events as CSV or JSONL, for what items have in common")
    .option("--output <dir>", "folder of the report (default: metrics/<run id> in REPORTS_DIR)")
    .addOption(
      new Option(
        "--protocol <name>",
        "rolling: the future after a cut; loo: the last item of each user; session: the next item of a session",
      ).default("rolling"),
    )
    .option("--through-api", "ask a tree of its own as well, with frozen rules", false)
    .option("--prequential", "ask a tree of its own that keeps learning as well", false)
    .option("--json", "print the report as JSON", false)
    .action(async (flags: EvaluateFlags) => {
      try {
        process.exitCode = await run(flags, configOrExit());
      } catch (error) {
        if (isFileError(error)) throw new CommandError(EXIT_FAILED, error.message, { cause: error });
        throw asCommandError(error);
      }
    });
}

async function run(flags: EvaluateFlags, config: Config): Promise<number> {
  const protocol = protocolOf(flags);
  using interrupt = interruptible();
  const input = await readInput(flags.input, config, flags.items);
  const nowMs = systemClock.nowMs();
  const halfLifeHours = config.reco.popularityHalfLifeHours;
  const { easeMaxRows } = config.trainer;
  const { signal } = interrupt;
  const onStage = (stage: string) => console.error(`training: ${stage}`);
  const options = { ...flags, protocol, halfLifeHours, easeMaxRows, onStage, signal };
  const evaluated = await evaluate(input, options).catch((cause: unknown) => {
    // A tree that got the same signal may have gone first: what failed then is of no interest.
    if (!signal.aborted) throw cause;
    throw new CommandError(EXIT_FAILED, "interrupted; nothing was written", { cause });
  });
  const { runId, output } = flags;
  const folder = makeRunFolder({ runId, output, reportsDir: config.reportsDir, nowMs });
  const report = reportOf({
    ...evaluated,
    runId: folder.runId,
    createdAtMs: nowMs,
    protocol,
    candidate: CANDIDATE,
  });
  const path = await writeReport(folder.path, report, evaluated.settingsTried);
  console.log(flags.json ? JSON.stringify(report) : describe(report, evaluated.agreements));
  // For scripts that read the JSON the path must not stand beside it.
  if (flags.json) console.error(path);
  else console.log(path);
  const differing = evaluated.agreements.filter(({ equal }) => equal < report.n_events);
  for (const { policy, equal } of differing) {
    console.error(
      `${policy}: the API gave another rank than this process to ${report.n_events - equal} events`,
    );
  }
  return differing.length > 0 ? EXIT_FAILED : EXIT_OK;
}

function protocolOf({ protocol, prequential, throughApi }: EvaluateFlags): Protocol {
  const known = PROTOCOLS.find((name) => name === protocol);
  if (known === undefined) {
    throw new CommandError(EXIT_USAGE, `--protocol takes ${PROTOCOLS.join(" or ")}, not ${protocol}`);
  }
  if (prequential && known !== "rolling") {
    throw new CommandError(
      EXIT_USAGE,
      "--prequential goes with --protocol rolling: it needs an order of time",
    );
  }
  if (throughApi && known === "session") {
    throw new CommandError(EXIT_USAGE, "--through-api goes with --protocol rolling or loo");
  }
  return known;
}

function describe(report: EvaluationReport, agreements: readonly Agreement[]): string {
  const { protocol, n_events, n_users, n_items } = report;
  const lines = (table: Table) => alignColumns(table);
  return [
    `${protocol}: ${n_events} events of ${n_users} users among ${n_items} items`,
    "",
    ...lines(modelTable(report)),
    "",
    ...lines(pairedTable(report)),
    "",
    ...agreements.map(
      ({ policy, equal }) => `${policy}: same rank through the API for ${equal} of ${n_events} events`,
    ),
  ].join("\n");
}

/** The input cannot be read, or the report cannot be written. */
const isFileError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "syscall" in error && "path" in error;
