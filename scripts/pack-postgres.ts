/** Packs the PostgreSQL of the installed platform package into the archive that the compiled program carries. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { packArchive } from "../src/stores/postgres/binaries-archive.ts";
import {
  packageLinks,
  packageVersion,
  platformPackageDir,
} from "../src/stores/postgres/embedded-binaries.ts";

/** What only building against PostgreSQL needs, and the list of links, which the archive holds itself. */
const LEFT_OUT = /\.a$|^lib\/pkgconfig\/|^lib\/postgresql\/pgxs\/|^pg-symlinks\.json$/;

export interface PackedPostgres {
  readonly version: string;
  readonly archive: Uint8Array;
}

export function packPostgres(): PackedPostgres {
  const packageDir = platformPackageDir();
  const native = join(packageDir, "native");
  const paths = readdirSync(native, { recursive: true, encoding: "utf8" })
    .filter((path) => !LEFT_OUT.test(path) && statSync(join(native, path)).isFile())
    .sort();
  const files = paths.map((path) => {
    const { size, mode } = statSync(join(native, path));
    return { path, size, executable: (mode & 0o100) !== 0 };
  });
  const links = packageLinks(packageDir).map(({ source, target }) => {
    if (dirname(source) !== dirname(target)) throw new Error(`a link to another folder: ${target}`);
    return { path: relative("native", target), target: basename(source) };
  });
  const archive = packArchive({ files, links }, ({ path }) => readFileSync(join(native, path)));
  return { version: packageVersion(packageDir), archive };
}
