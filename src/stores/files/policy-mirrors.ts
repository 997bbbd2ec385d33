/** Writes the registry's mirrors into the folder of reports. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
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
    else await replaceFile(path, `${JSON.stringify(document, null, 2)}\n`, writerId);
  }
}
