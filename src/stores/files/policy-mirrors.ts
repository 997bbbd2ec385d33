/** Writes the registry's mirrors into the folder of reports. */

import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "./missing-file.ts";
import { replaceFile } from "./replace-file.ts";

/** File name -> document; null takes the file away. Throws as the file system does. */
export async function writeMirrors(
  reportsDir: string,
  files: ReadonlyMap<string, object | null>,
  writerId: string,
): Promise<void> {
  for (const [name, document] of files) {
    const path = join(reportsDir, "metrics", name);
    if (document === null) await rm(path, { force: true });
    else await replaceFile(path, asText(document), writerId);
  }
}

export const writeDocument = (
  folder: string,
  name: string,
  document: object,
  writerId: string,
): Promise<void> => replaceFile(join(folder, name), asText(document), writerId);

const asText = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;

/** The run that was trained, promoted or restored last; null where no file says so. */
export async function latestRun(reportsDir: string): Promise<string | null> {
  try {
    const latest = JSON.parse(await readFile(join(reportsDir, "metrics", "latest.json"), "utf8"));
    return typeof latest?.run_id === "string" ? latest.run_id : null;
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return null;
    throw error;
  }
}
