/** Finds where a folder that does not exist yet would be made. */

import { statSync } from "node:fs";
import { dirname } from "node:path";

/** `path` itself when it exists, else the nearest folder above it that does. */
export function nearestExisting(path: string): string {
  const parent = dirname(path);
  return path === parent || statSync(path, { throwIfNoEntry: false }) ? path : nearestExisting(parent);
}
