/** The `reco` program: runs the command that its first argument names. */

import { Command, CommanderError } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { asError } from "../core/errors.ts";
import { isRealm } from "../supervisor/host.ts";
import { commands } from "./commands.ts";
import { CommandError, EXIT_FAILED, EXIT_OK, EXIT_USAGE } from "./exit-codes.ts";

/** Where a command's name stands among the words of the command line. */
const COMMAND_PLACE = 2;

// A compiled program is its own realm: the supervisor runs it again for each process of the tree.
if (isRealm()) await import("../actors/entry.ts");
else await runCommand();

async function runCommand(): Promise<void> {
  const program = new Command("reco")
    .description("self-hosted real-time recommendation server")
    .version(manifest.version)
    .exitOverride();
  for (const command of commands()) program.addCommand(endingHere(command));
  try {
    await program.parseAsync(process.argv.map(withHyphens));
  } catch (thrown) {
    process.exitCode = report(thrown);
  }
}

/** Makes the library throw instead of ending the process, in subcommands as well. */
function endingHere(command: Command): Command {
  for (const subcommand of command.commands) endingHere(subcommand);
  return command.exitOverride();
}

/** `--dry_run` is `--dry-run`, and so is a command's name; values are left alone. */
function withHyphens(argument: string, place: number): string {
  if (place === COMMAND_PLACE && !argument.startsWith("-")) return argument.replaceAll("_", "-");
  const [name = "", ...value] = argument.split("=");
  return /^--[a-z][a-z_-]*$/.test(name) ? [name.replaceAll("_", "-"), ...value].join("=") : argument;
}

function report(thrown: unknown): number {
  // The library has printed its message; its own code for bad usage is 1, ours is 64.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
  const error = asError(thrown);
  if (thrown instanceof CommandError) {
    console.error(error.message);
    return thrown.exitCode;
  }
  console.error(error.stack ?? error.message);
  return EXIT_FAILED;
}
