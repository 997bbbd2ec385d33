/** Unpacking what a compiled program carries: whole or not at all, and once. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { packArchive, unpackArchive } from "../../src/stores/postgres/binaries-archive.ts";
import { type PackedBinaries, unpackOnce } from "../../src/stores/postgres/packed-binaries.ts";
import { temporaryDir } from "../support/embedded.ts";

let dir: string;
let folder: string;
beforeEach(() => {
  dir = temporaryDir("packed");
  folder = join(dir, "data", "pg-1");
  mkdirSync(join(dir, "data"));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A program that carries these files, all executable, and a link to each of them. */
function packed(contents: Record<string, string>): PackedBinaries {
  const paths = Object.keys(contents);
  const archive = packArchive(
    {
      files: paths.map((path) => ({ path, size: Buffer.byteLength(contents[path] ?? ""), executable: true })),
      links: paths.map((path) => ({ path: `${path}.link`, target: path.replace(/.*\//, "") })),
    },
    ({ path }) => Buffer.from(contents[path] ?? ""),
  );
  const archivePath = join(dir, "archive");
  writeFileSync(archivePath, archive);
  return { version: "1", archivePath, digest: createHash("sha256").update(archive).digest("hex") };
}

const read = (path: string) => readFileSync(join(folder, path), "utf8");
const inode = (path = "") => statSync(join(folder, path)).ino;
const modeOf = (path: string) => statSync(join(folder, path)).mode & 0o777;

test("gives back any files and links", () => {
  const folders = fc.array(fc.stringMatching(/^[a-zé]{1,8}$/), { maxLength: 3 });
  const file = fc.record({ folders, bytes: fc.uint8Array({ maxLength: 2_000 }), executable: fc.boolean() });
  let runs = 0;
  fc.assert(
    fc.property(fc.array(file, { minLength: 1, maxLength: 6 }), (given) => {
      // A number cannot be the name of a folder here, so that no path goes through a file.
      const files = given.map((one, number) => ({ ...one, path: [...one.folders, number].join("/") }));
      const index = {
        files: files.map(({ path, bytes, executable }) => ({ path, size: bytes.length, executable })),
        links: files.map(({ path }) => ({ path: `${path}-link`, target: path })),
      };
      const bytesOf = new Map(files.map(({ path, bytes }) => [path, bytes]));
      const archive = packArchive(index, ({ path }) => bytesOf.get(path) ?? new Uint8Array());
      const target = join(dir, `run-${runs++}`);
      expect(unpackArchive(archive, target)).toEqual(index);
      for (const { path, bytes, executable } of files) {
        expect(new Uint8Array(readFileSync(join(target, path)))).toEqual(bytes);
        expect(statSync(join(target, path)).mode & 0o777).toBe(executable ? 0o755 : 0o644);
        expect(readlinkSync(join(target, `${path}-link`))).toBe(path);
      }
    }),
    { numRuns: 50 },
  );
});

describe("a folder", () => {
  test("is open to the user who runs the server, whatever the umask", () => {
    const before = process.umask(0o077);
    try {
      unpackOnce(packed({ "bin/postgres": "p" }), folder);
    } finally {
      process.umask(before);
    }
    expect(["", "bin", "bin/postgres"].map(modeOf)).toEqual([0o755, 0o755, 0o755]);
    expect(read("bin/postgres.link")).toBe("p");
  });

  test("that is whole is left alone", () => {
    const program = packed({ "bin/postgres": "p" });
    unpackOnce(program, folder);
    const before = inode();
    unpackOnce(program, folder);
    expect(inode()).toBe(before);
  });

  const damages: [string, () => void][] = [
    ["lacks a file", () => rmSync(join(folder, "bin/postgres"))],
    ["lacks a link", () => rmSync(join(folder, "bin/postgres.link"))],
    ["holds half a file", () => truncateSync(join(folder, "bin/postgres"), 1)],
    ["holds a file that cannot be run", () => chmodSync(join(folder, "bin/postgres"), 0o644)],
    ["lost its index", () => rmSync(join(folder, "reco-index.json"))],
    ["holds half an index", () => truncateSync(join(folder, "reco-index.json"), 9)],
  ];
  test.each(damages)("that %s is replaced as a whole", (_, damage) => {
    const program = packed({ "bin/postgres": "postgres" });
    unpackOnce(program, folder);
    const before = inode();
    damage();
    unpackOnce(program, folder);
    expect(inode()).not.toBe(before);
    expect(read("bin/postgres.link")).toBe("postgres");
    expect(modeOf("bin/postgres")).toBe(0o755);
  });

  test("of another build is replaced, and nothing of it stays", () => {
    unpackOnce(packed({ "bin/postgres": "old", "lib/old": "o" }), folder);
    unpackOnce(packed({ "bin/postgres": "new" }), folder);
    expect(read("bin/postgres")).toBe("new");
    expect(existsSync(join(folder, "lib"))).toBe(false);
  });

  test("of links that the sources made is replaced, and what they lead to stays", () => {
    const installed = join(dir, "libpq.so.5.18");
    writeFileSync(installed, "the package's");
    mkdirSync(join(folder, "lib"), { recursive: true });
    symlinkSync(installed, join(folder, "lib", "libpq.so.5"));
    unpackOnce(packed({ "lib/libpq.so.5": "own" }), folder);
    expect(read("lib/libpq.so.5")).toBe("own");
    expect(readFileSync(installed, "utf8")).toBe("the package's");
  });
});

test("what a killed attempt left is thrown away", () => {
  mkdirSync(join(`${folder}.part`, "bin", "half"), { recursive: true });
  unpackOnce(packed({ "bin/postgres": "p" }), folder);
  expect(readdirSync(join(folder, "bin")).sort()).toEqual(["postgres", "postgres.link"]);
  expect(readdirSync(join(dir, "data"))).toEqual(["pg-1"]);
});

test("a damaged program is refused and changes nothing", () => {
  const old = packed({ "bin/postgres": "old" });
  unpackOnce(old, folder);
  const program = packed({ "bin/postgres": "new" });
  truncateSync(program.archivePath, statSync(program.archivePath).size - 1);
  expect(() => unpackOnce(program, folder)).toThrow(expect.objectContaining({ problem: "no_binaries" }));
  expect(read("bin/postgres")).toBe("old");
});

test("a folder that cannot be made is named, and the next attempt is whole", () => {
  const program = packed({ "bin/postgres": "p" });
  const missing = join(dir, "gone", "pg-1");
  expect(() => unpackOnce(program, missing)).toThrow(expect.objectContaining({ problem: "start_failed" }));
  expect(() => unpackOnce(program, missing)).toThrow(missing);
  mkdirSync(join(dir, "gone"));
  unpackOnce(program, missing);
  expect(readFileSync(join(missing, "bin/postgres"), "utf8")).toBe("p");
});
