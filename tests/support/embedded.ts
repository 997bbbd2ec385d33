/** Embedded PostgreSQL servers for tests; none outlives the test process. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, realpathSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Deadline } from "../../src/core/deadline.ts";

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  /** The postmaster's. */
  readonly pid: number;
  readonly dataDir: string;
}

const MEMORY_DIR = "/dev/shm";
const MEMORY_NEEDED_BYTES = 2 ** 30;

/** A folder of its own below the system's temporary folder. */
export const temporaryDir = (name: string, parent = tmpdir()) =>
  realpathSync(mkdtempSync(join(parent, `reco-${name}-`)));

/** Where servers without fsync live: cloning a database takes 16 ms in memory, up to 400 ms on disk. */
export function fastParent(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY_DIR);
    return bavail * bsize >= MEMORY_NEEDED_BYTES ? MEMORY_DIR : tmpdir();
  } catch {
    return tmpdir(); // Only Linux has the folder.
  }
}

/** Starts a server of its own: for tests that freeze or kill it. `durable` keeps fsync on; `parent` is the folder to put its own in. */
export async function startTestServer(
  options: { durable?: boolean; parent?: string } = {},
): Promise<TestServer> {
  const dataDir = temporaryDir("pg", options.parent ?? (options.durable ? tmpdir() : fastParent()));
  const guard = fileURLToPath(new URL("./embedded-guard.ts", import.meta.url));
  const child = spawn(process.execPath, [guard, dataDir, options.durable ? "durable" : "fast"], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  const ready = await Deadline.after(30_000).race(firstLine(child), () => child.kill("SIGTERM"));
  child.unref();
  const exited = new Promise((resolve) => child.once("exit", resolve));
  return {
    ...(JSON.parse(ready) as { url: string; pid: number }),
    dataDir,
    async [Symbol.asyncDispose]() {
      child.ref();
      child.stdin?.end();
      await Deadline.after(15_000).race(exited, () => child.kill("SIGKILL"));
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (!child.stdout) return reject(new Error("no stdout"));
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`the test server ended with ${code}`)));
  });
}
