/** Checks that the disk of the data folder has room. */

import { statfsSync } from "node:fs";
import type { Config } from "../../config/config.ts";
import { fail, pass, type Verdict, warn } from "./check.ts";
import { nearestExisting } from "./nearest-folder.ts";

export const MEBIBYTE = 2 ** 20;
/** An empty database with its write-ahead log and the unpacked server take most of the first; the rest is for data. */
const EMBEDDED = { needed: 512, wanted: 2_048 };
/** Without a database of its own the folder holds snapshots. */
const EXTERNAL = { needed: 32, wanted: 256 };

export function checkDiskSpace({ dataDir, database }: Config): Verdict {
  const folder = nearestExisting(dataDir);
  const { bavail, bsize } = statfsSync(folder);
  return judgeDiskSpace({ folder, freeBytes: bavail * bsize, holdsDatabase: database.url === null });
}

export function judgeDiskSpace(space: {
  folder: string;
  freeBytes: number;
  holdsDatabase: boolean;
}): Verdict {
  const { needed, wanted } = space.holdsDatabase ? EMBEDDED : EXTERNAL;
  const free = Math.floor(space.freeBytes / MEBIBYTE);
  const detail = `${free} MiB are free on the disk of ${space.folder}`;
  if (free < needed) return fail(`${detail}, at least ${needed} are needed`);
  return free < wanted ? warn(`${detail}, ${wanted} or more would leave room to grow`) : pass(detail);
}
