/** Checks of the machine itself, whatever the configuration says. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import manifest from "../../../package.json" with { type: "json" };
import { type Check, fail, pass, type Verdict, warn } from "./check.ts";

export interface Machine {
  readonly platform: string;
  readonly architecture: string;
  readonly bunVersion: string;
  /** Null on a Linux with another C library than glibc, and on other systems. */
  readonly glibcVersion: string | null;
  /** Files and sockets that one process may hold open; null when unknown. */
  readonly openFilesLimit: number | null;
}

const ULIMIT_TIMEOUT_MS = 2_000;
const MIN_OPEN_FILES = 1_024;
const GOOD_OPEN_FILES = 4_096;

export const MACHINE_CHECKS: readonly Check<Machine>[] = [
  { name: "runtime", run: judgeRuntime },
  { name: "open_files", run: judgeOpenFiles },
];

export function readMachine(): Machine {
  return {
    platform: process.platform,
    architecture: process.arch,
    bunVersion: process.versions["bun"] ?? "unknown",
    glibcVersion: readGlibcVersion(),
    openFilesLimit: readOpenFilesLimit(),
  };
}

export function judgeRuntime({ platform, architecture, bunVersion, glibcVersion }: Machine): Verdict {
  const system = `Bun ${bunVersion} on ${platform} ${architecture}`;
  if (platform !== "linux" && platform !== "darwin")
    return fail(`${system}: only Linux and macOS are supported`);
  if (platform === "linux" && glibcVersion === null) {
    return warn(`${system} without glibc: the embedded database cannot run here, DATABASE_URL must name one`);
  }
  const libc = glibcVersion === null ? "" : `, glibc ${glibcVersion}`;
  const tested = manifest.devDependencies.bun;
  return bunVersion === tested
    ? pass(`${system}${libc}`)
    : warn(`${system}${libc}; this release is tested with Bun ${tested}`);
}

/** Each connection of a client, and each to the database, is a file. */
export function judgeOpenFiles({ openFilesLimit: limit }: Machine): Verdict {
  if (limit === null) return warn("the limit of open files is unknown");
  if (limit < MIN_OPEN_FILES) {
    return fail(`a process may open ${limit} files, at least ${MIN_OPEN_FILES} are needed: raise ulimit -n`);
  }
  if (limit < GOOD_OPEN_FILES) {
    return warn(`a process may open ${limit} files, which bounds clients at once: raise ulimit -n`);
  }
  return pass(`a process may open ${limit} files`);
}

function readGlibcVersion(): string | null {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report?.header?.glibcVersionRuntime ?? null;
}

function readOpenFilesLimit(): number | null {
  const text =
    process.platform === "linux"
      ? readFileSync("/proc/self/limits", "utf8").match(/^Max open files\s+(\S+)/m)?.[1]
      : spawnSync("sh", ["-c", "ulimit -n"], { encoding: "utf8", timeout: ULIMIT_TIMEOUT_MS }).stdout?.trim();
  if (text === "unlimited") return Number.POSITIVE_INFINITY;
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}
