/** `reco soak`: proves on this machine that faults lose, double and reorder nothing. */

import { Command, InvalidArgumentError, Option } from "commander";
import { systemRandom } from "../../core/random.ts";
import { count } from "../acceptance/flags.ts";
import { reportText, writeReport } from "../acceptance/report-file.ts";
import { configOrExit } from "../configuration.ts";
import { asCommandError } from "../database.ts";
import { CommandError, EXIT_CONFIG, EXIT_FAILED, EXIT_OK } from "../exit-codes.ts";
import { interruptible } from "../interruptible.ts";
import { soak } from "./soak.ts";

const MAX_SEED = 2_147_483_647;
const MAX_RATE = 1_000;
const MIN_DURATION_MS = 5_000;
const MAX_DURATION_MS = 24 * 3_600_000;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]):\d+$/;

interface SoakFlags {
  readonly seed?: number;
  readonly duration: number;
  readonly rate: number;
  readonly report: string;
}

export function soakCommand(): Command {
  return new Command("soak")
    .description(
      "start trees of its own, post events while it kills, freezes and ends their processes, and check that nothing " +
        "acknowledged was lost, doubled or reordered; prints a JSON report, exit 1 unless clean",
    )
    .addOption(
      new Option("--seed <n>", "decides events and faults (default: any)").argParser((text) =>
        whole(text, 0, MAX_SEED),
      ),
    )
    .addOption(
      new Option("--duration <time>", "of load and faults, like 90s, 10m or 1h")
        .default(120_000, "120s")
        .argParser(duration),
    )
    .addOption(count("--rate <n>", "posts a second at most", 60))
    .addOption(new Option("--report <path>", "write the report to this file as well").default("", "none"))
    .addHelpText(
      "after",
      "\nThe trees have a temporary data folder. With KAFKA_BOOTSTRAP_SERVERS on this machine they use topics of their own there, " +
        "which stay behind.",
    )
    .action(async (flags: SoakFlags) => {
      try {
        process.exitCode = await run(flags);
      } catch (error) {
        throw asCommandError(error);
      }
    });
}

async function run({ seed, duration: durationMs, rate, report: path }: SoakFlags): Promise<number> {
  if (rate > MAX_RATE) throw new CommandError(EXIT_CONFIG, `--rate: at most ${MAX_RATE}`);
  const { kafka } = configOrExit();
  const strangers = kafka?.bootstrapServers.filter((server) => !LOOPBACK.test(server)) ?? [];
  if (strangers.length > 0) {
    throw new CommandError(
      EXIT_CONFIG,
      `soak loads brokers of this machine alone, not ${strangers.join(", ")}`,
    );
  }
  using interrupt = interruptible();
  const report = await soak({
    seed: seed ?? Math.floor(systemRandom.next() * MAX_SEED),
    durationMs,
    rate,
    kafka,
    signal: interrupt.signal,
    onProgress: (line) => console.error(`[soak] ${line}`),
  }).catch((cause: unknown) => {
    // Trees that got the same signal may have gone first: what failed then is of no interest.
    if (!interrupt.signal.aborted) throw cause;
    throw new CommandError(EXIT_FAILED, "interrupted; nothing was judged", { cause });
  });
  console.log(reportText(report));
  writeReport(path, report);
  return report.clean ? EXIT_OK : EXIT_FAILED;
}

function whole(text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
}

function duration(text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  const ms = Number(number) * (UNIT_MS[unit] ?? 0);
  if (ms >= MIN_DURATION_MS && ms <= MAX_DURATION_MS) return ms;
  throw new InvalidArgumentError("It must be a time from 5s to 24h, like 90s, 10m or 1h.");
}
