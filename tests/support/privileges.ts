/** What a test needs of the machine beyond an ordinary user's rights. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system of `bytes` in memory, unmounted and removed at the end of its scope. Throws without the right to mount. */
export function smallDisk(bytes: number): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "reco-disk-"));
  const { status, stderr } = spawnSync(
    "mount",
    ["-t", "tmpfs", "-o", `size=${bytes},mode=755`, "none", path],
    {
      encoding: "utf8",
    },
  );
  if (status !== 0) {
    rmdirSync(path);
    throw new Error(`no file system could be mounted: ${stderr}`);
  }
  return {
    path,
    [Symbol.dispose]() {
      spawnSync("umount", ["-l", path]);
      rmdirSync(path);
    },
  };
}

/** Why a small disk cannot be had on this machine, or null. Where tests may skip nothing, it is an error. */
export function smallDiskMissing(): string | null {
  try {
    smallDisk(65_536)[Symbol.dispose]();
    return null;
  } catch (error) {
    if (process.env["CI"] === "true") throw error;
    return "needs the right to mount";
  }
}
