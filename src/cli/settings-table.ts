/** The configuration in force as a table; its values were made safe to print when it was loaded. */

import type { Setting } from "../config/load.ts";
import { alignColumns } from "./text-table.ts";

export const describeSettings = (settings: readonly Setting[]): string =>
  alignColumns(settings.map(({ name, source, value }) => [name, source, value])).join("\n");
