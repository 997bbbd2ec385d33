/** Folders with runs that the registry does not know yet: what an operator staged, or trained elsewhere. */

import { existsSync } from "node:fs";
import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import type { RunFolders, StagedRun } from "../../models/ports.ts";
import { BUNDLE_FILE } from "../../models/run-documents.ts";
import { isMissing } from "./missing-file.ts";
import { hashFile, runFolder } from "./run-folder.ts";

const POLICY_FILE = "decision_policy.json";
const MANIFEST_FILE = "manifest.json";
/** Of a document. */
const MAX_DOCUMENT_BYTES = 4_194_304;

/** Runs are read below `modelsDir` and `dataDir`, and nowhere else, wherever links lead. */
export function runFolders({ modelsDir, dataDir }: { modelsDir: string; dataDir: string }): RunFolders {
  return {
    async read(source, deadline) {
      const folder = await inside([modelsDir, dataDir], source);
      return folder === null ? null : deadline.race(readStaged(folder));
    },
    adopt: (run, deadline) => deadline.race(adopt(dataDir, run)),
  };
}

/** Puts a copy of the folder where `POST /models/reload` finds it, in place of one with the same name. Answers its path. */
export async function stageRun(modelsDir: string, folder: string): Promise<string> {
  const staged = join(modelsDir, "staging", basename(resolve(folder)));
  if (existsSync(staged) && (await realpath(staged)) === (await realpath(folder))) return staged;
  const draft = await draftOf(staged);
  await cp(folder, draft, { recursive: true });
  await replaceFolder(draft, staged);
  return staged;
}

/** The folder, links followed; null when it lies elsewhere or is not there. */
async function inside(roots: readonly string[], source: string): Promise<string | null> {
  if (source.includes("\0")) return null;
  const folder = await realpath(resolve(source)).catch(nullWhereMissing);
  if (folder === null || !(await stat(folder)).isDirectory()) return null;
  for (const root of roots) {
    const place = await realpath(root).catch(nullWhereMissing);
    if (place !== null && (folder === place || folder.startsWith(place + sep))) return folder;
  }
  return null;
}

/** A text says what is wrong with it. */
async function readStaged(folder: string): Promise<StagedRun | string> {
  const policy = await readDocument(join(folder, POLICY_FILE));
  if (policy === null) return `Policy is not usable: ${POLICY_FILE} is missing, or no JSON object`;
  const { run_id, selected_model, selected_model_artifact } = policy;
  const artifact = join(folder, basename(String(selected_model_artifact ?? BUNDLE_FILE)));
  return {
    runId: String(run_id ?? ""),
    strategy: String(selected_model ?? ""),
    policy,
    manifest: (await readDocument(join(folder, MANIFEST_FILE))) ?? {},
    artifact,
    artifactSha256: await hashFile(artifact),
  };
}

/** Null where there is none, and for what is no JSON object. */
async function readDocument(path: string): Promise<Readonly<Record<string, unknown>> | null> {
  try {
    if ((await stat(path)).size > MAX_DOCUMENT_BYTES) return null;
    const document: unknown = JSON.parse(await readFile(path, "utf8"));
    const isObject = typeof document === "object" && document !== null && !Array.isArray(document);
    return isObject ? (document as Record<string, unknown>) : null;
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Copies model and documents to where runs are kept. */
async function adopt(dataDir: string, { runId, artifact }: StagedRun): Promise<void> {
  const target = runFolder(dataDir, runId);
  const from = dirname(artifact);
  const draft = await draftOf(target);
  await copyDurably(artifact, join(draft, BUNDLE_FILE));
  for (const name of await readdir(from)) {
    if (name.endsWith(".json")) await copyDurably(join(from, name), join(draft, name));
  }
  await replaceFolder(draft, target);
}

async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  await using file = await open(to, "r+");
  await file.sync();
}

/** A new folder beside the target, of which nobody else knows. */
async function draftOf(target: string): Promise<string> {
  await mkdir(dirname(target), { recursive: true });
  return mkdtemp(`${target}.part-`);
}

async function replaceFolder(draft: string, target: string): Promise<void> {
  const aside = await draftOf(target);
  await rename(target, join(aside, "old")).catch(nullWhereMissing);
  await rename(draft, target);
  await rm(aside, { recursive: true, force: true });
}

function nullWhereMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}
