/** Keeps training runs in the object directory: `runs/<run id>`, whole or not at all, and never changed afterwards. */

import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { RUN_ID } from "../../models/admit-run.ts";
import { BUNDLE_FILE } from "../../models/run-documents.ts";
import { isMissing } from "./missing-file.ts";

const PIECE_BYTES = 1_048_576;

const runsOf = (dataDir: string) => join(dataDir, "objects", "runs");

/** Where the files of a run belong. */
export const runFolder = (dataDir: string, runId: string): string => join(runsOf(dataDir), runId);

/** Whether this data folder has a run of that name. */
export const hasRun = (dataDir: string, runId: string): boolean => existsSync(join(runsOf(dataDir), runId));

/** Ids of the runs that this data folder has. */
export async function listRuns(dataDir: string): Promise<readonly string[]> {
  try {
    return (await readdir(runsOf(dataDir))).filter((name) => RUN_ID.test(name));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

export const removeRun = (dataDir: string, runId: string): Promise<void> =>
  rm(runFolder(dataDir, runId), { recursive: true, force: true });

/** Answers the folder. Throws as the file system does, also when the run is there already. */
export async function writeRun(
  dataDir: string,
  runId: string,
  bundle: Uint8Array,
  documents: ReadonlyMap<string, object>,
): Promise<string> {
  const folder = runFolder(dataDir, runId);
  const draft = `${folder}.part`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  await writeDurably(join(draft, BUNDLE_FILE), bundle);
  for (const [name, document] of documents) await writeDurably(join(draft, name), asText(document));
  await rename(draft, folder);
  return folder;
}

/** The same documents where reports are looked for. */
export async function mirrorDocuments(folder: string, documents: ReadonlyMap<string, object>): Promise<void> {
  for (const [name, document] of documents) {
    const draft = join(folder, `${name}.part`);
    await writeDurably(draft, asText(document));
    await rename(draft, join(folder, name));
  }
}

/** The model file of a run, in memory of its own. Rejects as the file system does. */
export async function readRunBundle(dataDir: string, runId: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(join(runsOf(dataDir), runId, BUNDLE_FILE)));
}

/**
 * The same in memory that threads can share. Rejects with `problemOf` the file's size, where that is a problem, and as the
 * file system does.
 */
export async function readSharedBundle(
  dataDir: string,
  runId: string,
  problemOf: (bytes: number) => string | null,
): Promise<SharedArrayBuffer> {
  await using file = await open(join(runsOf(dataDir), runId, BUNDLE_FILE), "r");
  const { size } = await file.stat();
  const problem = problemOf(size);
  if (problem !== null) throw new Error(problem);
  const shared = new SharedArrayBuffer(size);
  const target = new Uint8Array(shared);
  const piece = new Uint8Array(Math.min(size, PIECE_BYTES));
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(piece, 0, piece.length, at);
    if (bytesRead === 0) throw new Error("the model file was cut off while it was read");
    target.set(piece.subarray(0, Math.min(bytesRead, size - at)), at);
    at += bytesRead;
  }
  return shared;
}

/** SHA-256 of the model file in hex; null when there is no such file. */
export const hashRunBundle = (dataDir: string, runId: string): Promise<string | null> =>
  hashFile(join(runsOf(dataDir), runId, BUNDLE_FILE));

/** SHA-256 in hex, read in pieces; null when there is no such file. */
export async function hashFile(path: string): Promise<string | null> {
  const hash = createHash("sha256");
  try {
    for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  return hash.digest("hex");
}

const asText = (document: object) => `${JSON.stringify(document, null, 2)}\n`;

async function writeDurably(path: string, content: Uint8Array | string): Promise<void> {
  await using file = await open(path, "w", 0o600);
  await file.writeFile(content);
  await file.sync();
}
