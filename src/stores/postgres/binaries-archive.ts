/** The archive in which the compiled program carries PostgreSQL: one zstd frame with a list of the files, then their bytes. */

import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/** Higher levels take 8 to 20 times as long for a tenth less. */
const LEVEL = 9;
const LENGTH_BYTES = 4;

interface ArchivedFile {
  /** Below the folder that is packed. */
  readonly path: string;
  readonly size: number;
  readonly executable: boolean;
}

interface ArchivedLink {
  readonly path: string;
  /** As it stands in the link. */
  readonly target: string;
}

export interface ArchiveIndex {
  readonly files: readonly ArchivedFile[];
  readonly links: readonly ArchivedLink[];
}

/** `bytesOf` gives each file's content. The same input gives the same archive. */
export function packArchive(index: ArchiveIndex, bytesOf: (file: ArchivedFile) => Uint8Array): Uint8Array {
  const list = Buffer.from(JSON.stringify(index));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(list.length);
  return zstdCompressSync(Buffer.concat([length, list, ...index.files.map(bytesOf)]), {
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
  });
}

/**
 * Writes everything into `folder`, which is made, and on to the disk. Modes do not depend on the umask: another user
 * may have to run the files. Throws when the archive is damaged or the disk takes no more.
 */
export function unpackArchive(archive: Uint8Array, folder: string): ArchiveIndex {
  const bytes = zstdDecompressSync(archive);
  const start = LENGTH_BYTES + bytes.readUInt32LE();
  const index = JSON.parse(bytes.toString("utf8", LENGTH_BYTES, start)) as ArchiveIndex;
  const folders = foldersOf(index);
  for (const path of folders) {
    mkdirSync(join(folder, path));
    chmodSync(join(folder, path), 0o755);
  }
  let offset = start;
  for (const { path, size, executable } of index.files) {
    writeFileSync(join(folder, path), bytes.subarray(offset, offset + size), { flush: true });
    chmodSync(join(folder, path), executable ? 0o755 : 0o644);
    offset += size;
  }
  for (const { path, target } of index.links) symlinkSync(target, join(folder, path));
  for (const path of folders) flushFolder(join(folder, path));
  return index;
}

/** Every folder that holds something, parents first; the packed one itself is `.`. */
function foldersOf({ files, links }: ArchiveIndex): string[] {
  const folders = new Set<string>();
  const add = (path: string) => {
    if (path !== ".") add(dirname(path));
    folders.add(path);
  };
  for (const { path } of [...files, ...links]) add(dirname(path));
  return [...folders];
}

/** Makes the names in a folder outlast a power failure. */
export function flushFolder(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
