/** Checks that the data folder is there or can be made, is writable, and is closed to others. */

import { accessSync, constants, statSync } from "node:fs";
import { passwordFile } from "../../stores/postgres/embedded-folder.ts";
import { fail, pass, type Verdict, warn } from "./check.ts";
import { nearestExisting } from "./nearest-folder.ts";

export interface FolderFacts {
  readonly path: string;
  /** The folder itself, or the nearest one above that exists. */
  readonly found: { readonly path: string; readonly isFolder: boolean; readonly writable: boolean };
  readonly mode: number;
  /** Null where there is no password yet. */
  readonly passwordMode: number | null;
}

/** Rights of others to look into the folder or to change it; going through is allowed, for the server's own user. */
const OPEN_TO_OTHERS = 0o066;
const ANY_RIGHT_OF_OTHERS = 0o077;

export const checkDataFolder = (dataDir: string): Verdict => judgeDataFolder(inspect(dataDir));

export function judgeDataFolder({ path, found, mode, passwordMode }: FolderFacts): Verdict {
  if (!found.isFolder) return fail(`${found.path} is not a folder; RECO_DATA_DIR names ${path}`);
  if (!found.writable) return fail(`this user may not write to ${found.path}; RECO_DATA_DIR names ${path}`);
  if (found.path !== path) return pass(`${path} does not exist yet and can be made`);
  if (passwordMode !== null && (passwordMode & ANY_RIGHT_OF_OTHERS) !== 0) {
    return fail(`other users may read ${passwordFile(path)}: chmod 600 it, and change the password`);
  }
  if ((mode & OPEN_TO_OTHERS) !== 0) return warn(`other users may look into ${path}: chmod 700 it`);
  return pass(`${path} is writable and closed to other users`);
}

function inspect(path: string): FolderFacts {
  const nearest = nearestExisting(path);
  const stat = statSync(nearest);
  const isFolder = stat.isDirectory();
  return {
    path,
    found: { path: nearest, isFolder, writable: mayWrite(nearest) },
    mode: stat.mode,
    passwordMode: isFolder ? (statSync(passwordFile(path), { throwIfNoEntry: false })?.mode ?? null) : null,
  };
}

function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false; // Whatever the reason is, nothing can be made there.
  }
}
