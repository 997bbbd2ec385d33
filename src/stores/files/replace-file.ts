/** Puts a file in the place of another as a whole: a reader sees the old one or the new one, and a crash leaves one of them. */

import { mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** `writerId` names the draft: no two living writers of a file may share it. Throws as the file system does. */
export async function replaceFile(path: string, content: string, writerId: string): Promise<void> {
  const draft = `${path}.${writerId}.part`;
  await mkdir(dirname(path), { recursive: true });
  {
    await using file = await open(draft, "w", 0o600);
    await file.writeFile(content);
    await file.sync();
  }
  await rename(draft, path);
}
