/** The popular snapshot as a file that is replaced whole, with the one before it kept. */

import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { decodeSnapshot, encodeSnapshot } from "../../recommend/popular-snapshot.ts";
import type { PopularSnapshots, ScoredItem } from "../../recommend/ports.ts";
import { isMissing } from "./missing-file.ts";

export interface PopularSnapshotFileOptions {
  readonly dir: string;
  /** Names the temporary file: no two living writers of a folder may share it. */
  readonly writerId: string;
  /** A file could not be trusted. */
  readonly onRefused: (path: string, problem: string) => void;
}

/**
 * `popular.json`, with `popular.previous.json` beside it for the day the first cannot be trusted.
 * Several writers may save at once: the last rename stays. Throws as the file system does.
 */
export function popularSnapshotFile({
  dir,
  writerId,
  onRefused,
}: PopularSnapshotFileOptions): PopularSnapshots {
  const current = join(dir, "popular.json");
  const previous = join(dir, "popular.previous.json");
  const temporary = join(dir, `popular.json.${writerId}.tmp`);
  return {
    async load() {
      for (const path of [current, previous]) {
        const found = await readSnapshot(path);
        if (found.kind === "intact") return found.items;
        if (found.kind === "corrupt") onRefused(path, found.problem);
      }
      return null;
    },
    async save(items) {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await writeDurably(temporary, encodeSnapshot(items));
      // Only an intact file may push out the older one.
      if ((await readSnapshot(current)).kind === "intact") await renameIfThere(current, previous);
      await rename(temporary, current);
      await syncDirectory(dir);
    },
  };
}

type Found =
  | { readonly kind: "missing" }
  | { readonly kind: "corrupt"; readonly problem: string }
  | { readonly kind: "intact"; readonly items: readonly ScoredItem[] };

async function readSnapshot(path: string): Promise<Found> {
  try {
    const decoded = decodeSnapshot(await readFile(path, "utf8"));
    return decoded.ok
      ? { kind: "intact", items: decoded.value }
      : { kind: "corrupt", problem: decoded.error };
  } catch (error) {
    if (isMissing(error)) return { kind: "missing" };
    throw error;
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  await using file = await open(path, "w", 0o600);
  await file.writeFile(text);
  await file.sync();
}

/** Another writer may have moved it already. */
async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Makes the rename itself survive a power cut. */
async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, "r");
  await directory.sync();
}
