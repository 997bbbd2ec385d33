/** Every command of the program: the one place where a new one is added. */

import type { Command } from "commander";
import { importCommand } from "./import/command.ts";
import { migrateCommand } from "./migrate.ts";
import { serveCommand } from "./serve.ts";

export const commands = (): readonly Command[] => [serveCommand(), migrateCommand(), importCommand()];
