/** Which lists of migration files are accepted, and that the build brings those of the folder. */

import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  checkedMigrations,
  embeddedMigrations,
  readMigrations,
} from "../../../../src/stores/postgres/migration-files.ts";

const FOLDER = join(import.meta.dir, "../../../../migrations");

function withFolder<T>(files: Record<string, string>, use: (dir: string) => T): T {
  const dir = mkdtempSync(join(tmpdir(), "reco-migrations-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
    return use(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test("the build brings exactly the files of the migrations folder", () => {
  expect(embeddedMigrations()).toEqual(readMigrations(FOLDER));
  expect(embeddedMigrations().map(({ version }) => version)).toEqual(
    readdirSync(FOLDER)
      .filter((name) => name.endsWith(".sql"))
      .sort(),
  );
});

test("the checksum is the SHA-256 of the text", () => {
  const [migration] = checkedMigrations([["0001_a.sql", "abc"]]);
  expect(migration?.checksum).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

describe("refuses", () => {
  test.each(["1_a.sql", "0001-a.sql", "0001_A.sql", "0001_.txt", "0001_a b.sql"])("the name %s", (name) => {
    expect(() => checkedMigrations([[name, ""]])).toThrow(name);
  });

  test("a repeated number", () => {
    expect(() =>
      checkedMigrations([
        ["0001_a.sql", ""],
        ["0001_b.sql", ""],
      ]),
    ).toThrow("0001_b.sql repeats the number 0001");
  });

  test("a list out of order", () => {
    expect(() =>
      checkedMigrations([
        ["0002_a.sql", ""],
        ["0001_b.sql", ""],
      ]),
    ).toThrow("0001_b.sql comes after number 0002");
  });

  test("a folder without any", () => {
    expect(() => withFolder({}, readMigrations)).toThrow("no migration file");
  });
});

describe("the merged schema file", () => {
  test("is used when the folder holds no migration", () => {
    const [only] = withFolder({ "schema.sql": "select 1" }, readMigrations);
    expect(only).toMatchObject({ version: "legacy_schema.sql", text: "select 1" });
  });

  test("is left out beside a migration", () => {
    const found = withFolder({ "schema.sql": "select 1", "0001_a.sql": "select 2" }, readMigrations);
    expect(found.map(({ version }) => version)).toEqual(["0001_a.sql"]);
  });
});
