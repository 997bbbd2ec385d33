/** The walls between the rooms hold: every planted violation is refused by the linter. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const FIXTURES = join(ROOT, "tests/fixtures/walls");
const ROOMS = readdirSync(FIXTURES).sort();

interface Override {
  includes: string[];
  linter: { rules: { style: { noRestrictedImports?: { options: { patterns: { message: string }[] } } } } };
}

const readConfig = () =>
  JSON.parse(readFileSync(join(ROOT, "biome.json"), "utf8")) as {
    vcs?: object;
    $schema?: string;
    overrides: Override[];
  };

const wallOf = (room: string) =>
  readConfig()
    .overrides.find(({ includes }) => includes.includes(`src/${room}/**`))
    ?.linter.rules.style.noRestrictedImports?.options.patterns.map(({ message }) => message);

describe("walls", () => {
  let folder: string;
  let output: string;

  /** The fixtures lie outside the normal check, so they are linted as the sources of a copied project. */
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "reco-walls-"));
    const { vcs: _vcs, $schema: _schema, ...config } = readConfig();
    writeFileSync(join(folder, "biome.json"), JSON.stringify(config));
    cpSync(FIXTURES, join(folder, "src"), { recursive: true });
    const biome = join(ROOT, "node_modules/.bin/biome");
    const lint = Bun.spawnSync(
      [biome, "lint", "--only=style/noRestrictedImports", "--reporter=github", "--max-diagnostics=none"],
      {
        cwd: folder,
      },
    );
    output = `${lint.stdout}${lint.stderr}`;
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("a planted violation exists for every room that has a wall", () => {
    const walled = readConfig()
      .overrides.filter(({ linter }) => linter.rules.style.noRestrictedImports)
      .map(({ includes }) => includes[0]?.split("/")[1] ?? "");
    expect(ROOMS).toEqual(walled.sort());
  });

  test.each(ROOMS)("the violation in src/%s is refused with that room's reason", (room) => {
    const finding = output.split("\n").find((line) => line.includes(`src/${room}/planted.ts`)) ?? "";
    expect(finding).toContain("noRestrictedImports");
    expect(wallOf(room)?.some((message) => finding.includes(message))).toBe(true);
  });
});
