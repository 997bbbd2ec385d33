/** How realms of the tree are made: by the entry file from the sources, by this program itself when compiled. */

import { fileURLToPath } from "node:url";
import type { RealmOptions } from "../supervisor/realms.ts";

/** Where the modules of a compiled program seem to lie. */
const COMPILED_ROOT = "/$bunfs/";
/** The build names entry points by their path below `src`. */
const COMPILED_ENTRY = "./actors/entry.js";

export function realmOptions(): RealmOptions {
  const entry = fileURLToPath(new URL("../actors/entry.ts", import.meta.url));
  return entry.startsWith(COMPILED_ROOT)
    ? { threadEntry: COMPILED_ENTRY, processCommand: [process.execPath] }
    : { threadEntry: entry, processCommand: [process.execPath, entry] };
}
