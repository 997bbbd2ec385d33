/** How this program starts parts of itself: from the sources by a file, when compiled by its own binary. */

import { fileURLToPath } from "node:url";
import type { RealmOptions } from "../supervisor/realms.ts";

/** Where the modules of a compiled program seem to lie. */
const COMPILED_ROOT = "/$bunfs/";
/** The build names entry points by their path below `src`. */
const COMPILED_ENTRY = "./actors/entry.js";

/** The words that run `reco` itself. */
export function programCommand(): readonly string[] {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  return main.startsWith(COMPILED_ROOT) ? [process.execPath] : [process.execPath, main];
}

export function realmOptions(): RealmOptions {
  const entry = fileURLToPath(new URL("../actors/entry.ts", import.meta.url));
  return entry.startsWith(COMPILED_ROOT)
    ? { threadEntry: COMPILED_ENTRY, processCommand: [process.execPath] }
    : { threadEntry: entry, processCommand: [process.execPath, entry] };
}
