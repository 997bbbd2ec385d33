/** `reco config`: shows the configuration in force, checks it, describes every variable. */

import { Command } from "commander";
import { describeVariables } from "../config/describe-variables.ts";
import { loadedOrExit } from "./configuration.ts";
import { describeSettings } from "./settings-table.ts";

export function configCommand(): Command {
  const command = new Command("config").description("show, check or describe the configuration");
  command
    .command("print")
    .description("print every variable with its source, without secrets; exit 78 when invalid")
    .option("--json", "print them as JSON", false)
    .action(({ json }: { json: boolean }) => {
      const { settings } = loadedOrExit();
      console.log(json ? JSON.stringify(settings, null, 2) : describeSettings(settings));
    });
  command
    .command("check")
    .description("name every problem and every doubt; exit 78 when invalid")
    .action(() => {
      const { warnings } = loadedOrExit();
      for (const { variable, detail } of warnings) console.log(`warning: ${variable} ${detail}`);
      console.log("the configuration is valid");
    });
  command
    .command("schema")
    .description("print the JSON schema of the variables")
    .action(() => console.log(JSON.stringify(describeVariables(), null, 2)));
  return command;
}
