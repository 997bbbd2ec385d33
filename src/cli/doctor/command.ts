/** `reco doctor`: examines this machine, this installation and its database, and changes nothing. */

import { Command } from "commander";
import { loadProcessConfig } from "../../config/environment.ts";
import { systemClock } from "../../core/clock.ts";
import { reportText, writeReport } from "../acceptance/report-file.ts";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.ts";
import { describeSettings } from "../settings-table.ts";
import { describeReport } from "./describe.ts";
import { examine } from "./examine.ts";

/** Whatever still hangs after the report is out, a name look-up for example, does not hold the command. */
const LINGER_MS = 500;

interface DoctorFlags {
  /** True: print the configuration. A text: read that env file, and print it. */
  readonly config?: string | true;
  readonly json: boolean;
  readonly outputJson: string;
}

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("look for what keeps reco from running well here; exit 1 on any failure")
    .option(
      "--config [file]",
      "print the configuration too, without secrets; of this env file when one is named",
    )
    .option("--json", "print the report as JSON", false)
    .option("--output-json <path>", "write the report as JSON to this file as well", "")
    .action(async (flags: DoctorFlags) => {
      const code = await run(flags);
      process.exitCode = code;
      systemClock.schedule(LINGER_MS, () => process.exit(code), { unref: true });
    });
}

async function run(flags: DoctorFlags): Promise<number> {
  const file = typeof flags.config === "string" ? flags.config : undefined;
  const loaded = loadProcessConfig({ RECO_ENV_FILE: file });
  const report = await examine(loaded);
  const settings = flags.config !== undefined && loaded.ok ? loaded.value.settings : null;
  const document = settings ? { ...report, configuration: settings } : report;
  if (flags.json) console.log(reportText(document));
  else {
    console.log(describeReport(report));
    if (settings) console.log(`\n${describeSettings(settings)}`);
  }
  writeReport(flags.outputJson, document);
  return report.summary.failed === 0 ? EXIT_OK : EXIT_FAILED;
}
