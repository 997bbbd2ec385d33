/** Rules of the house that the linter cannot hold: read from the sources themselves. */

import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const FIXTURES = "tests/fixtures/walls/";

/** The build puts a finished text in the place of this file. */
const BUNDLED = "src/stores/eventlog/confluent/program.ts";

const filesOf = (pattern: string) =>
  [...new Bun.Glob(pattern).scanSync({ cwd: ROOT })].filter((path) => !path.startsWith(FIXTURES)).sort();
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

/** Without comments, so that a rule may be explained where it holds. */
const codeOf = (path: string) => read(path).replace(/\/\*[\s\S]*?\*\/|(?<![:"'`])\/\/.*$/gm, "");

/** `file: text` of each place in src where `pattern` stands, except in files that start with one of `allowed`. */
function findInSources(pattern: RegExp, allowed: readonly string[]): string[] {
  return filesOf("src/**/*.ts")
    .filter((path) => !allowed.some((prefix) => path.startsWith(prefix)))
    .flatMap((path) => [...codeOf(path).matchAll(pattern)].map(([found]) => `${path}: ${found}`));
}

describe("sources", () => {
  test("read the clock, set timers and draw random numbers in core alone", () => {
    const pattern =
      /\bDate\.now\b|new Date\(\)|\bMath\.random\b|(?<![.\w])(?:setTimeout|setInterval)\b|\bperformance\.now\b|timers\/promises|\brandomUUID\b/g;
    expect(findInSources(pattern, ["src/core/"])).toEqual([]);
  });

  test("read the environment in config alone", () => {
    expect(findInSources(/\bprocess\.env\b|\bimport\.meta\.env\b/g, ["src/config/environment.ts"])).toEqual(
      [],
    );
  });

  test("use Bun's own API in three files alone", () => {
    const pattern = /(?<![.\w])Bun\.|from "bun(?::|")/g;
    expect(findInSources(pattern, ["src/actors/http.ts", "src/supervisor/process.ts", BUNDLED])).toEqual([]);
  });

  test("look for no file beside themselves, where a compiled program has none", () => {
    const knowing = [
      "src/cli/evaluate/input.ts",
      "src/cli/realm-entry.ts",
      BUNDLED,
      "src/stores/postgres/embedded-binaries.ts",
    ];
    expect(findInSources(/\bimport\.meta\.\w+|\b__(?:dir|file)name\b/g, knowing)).toEqual([]);
  });

  test("write to standard output in the command line alone", () => {
    expect(findInSources(/\bconsole\.\w+|\bprocess\.stdout\b/g, ["src/cli/"])).toEqual([]);
  });

  test("hold no marker of unfinished work", () => {
    expect(findInSources(/\bnot implemented\b/gi, [])).toEqual([]);
    const marked = filesOf("{src,tests,scripts,bench}/**/*.{ts,mjs}").filter((path) =>
      /\b(?:TODO|FIXME|XXX)\b[:(]/.test(read(path)),
    );
    expect(marked).toEqual([]);
  });
});

describe("files", () => {
  test("open with one sentence of documentation", () => {
    const paths = filesOf("{src,tests,scripts,bench}/**/*.{ts,mjs}");
    const documented = paths.filter((path) => !path.endsWith(".test.ts"));
    expect(
      documented.filter((path) => !/^(?:#!.*\n)?\/\*\*\s[\s\S]*?[.:?!]\s*\*\//.test(read(path))),
    ).toEqual([]);
  });

  test("of the sources stay below 400 lines", () => {
    const isTable = (path: string) =>
      path === "src/config/schema.ts" || path === "src/telemetry/metric-catalog.ts";
    const long = filesOf("src/**/*.ts").filter(
      (path) => !isTable(path) && read(path).split("\n").length > 400,
    );
    expect(long).toEqual([]);
  });
});

describe("docs/architecture.md", () => {
  const rooms = [...read("docs/architecture.md").matchAll(/^\| (?!room )([a-z/]+) \|/gm)].map(
    ([, room]) => room ?? "",
  );

  test("names rooms that exist", () => {
    expect(rooms.filter((room) => !existsSync(join(ROOT, room)))).toEqual([]);
  });

  test("names every folder of src that holds files", () => {
    const folders = new Set(filesOf("src/**/*.ts").map((path) => path.slice(0, path.lastIndexOf("/"))));
    expect([...folders].filter((folder) => !rooms.includes(folder))).toEqual([]);
  });

  test("links to pages that exist", () => {
    const links = filesOf("{README,docs/**/*}.md").flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, link]) => ({
        page,
        link: link ?? "",
      })),
    );
    const broken = links.filter(({ page, link }) => !existsSync(join(ROOT, page, "..", link)));
    expect(broken).toEqual([]);
  });
});

describe("metrics", () => {
  test("are each declared once and written somewhere", async () => {
    const { METRIC_CATALOG } = await import("../../src/telemetry/metric-catalog.ts");
    const sources = filesOf("src/**/*.ts")
      .filter((path) => path !== "src/telemetry/metric-catalog.ts")
      .map(read)
      .join("\n");
    expect(Object.keys(METRIC_CATALOG).filter((name) => !sources.includes(`"${name}"`))).toEqual([]);
  });

  test("that sources name are declared", async () => {
    const { METRIC_CATALOG } = await import("../../src/telemetry/metric-catalog.ts");
    const named = filesOf("src/**/*.ts").flatMap((path) =>
      [...codeOf(path).matchAll(/\.(?:counter|gauge|histogram)\(\s*"([a-z_]+)"/g)].map(
        ([, name]) => name ?? "",
      ),
    );
    expect(named.filter((name) => !(name in METRIC_CATALOG))).toEqual([]);
  });
});

describe("environment variables", () => {
  test("are each used to build the configuration", async () => {
    const { VARIABLES } = await import("../../src/config/schema.ts");
    const readers = filesOf("src/config/*.ts")
      .filter((path) => path !== "src/config/schema.ts")
      .map(read)
      .join("\n");
    expect(Object.keys(VARIABLES).filter((name) => !readers.includes(name))).toEqual([]);
  });

  test("that the configuration holds are used by someone", () => {
    const declared = [
      ...read("src/config/config.ts").matchAll(/^\s+(?:readonly (\w+):|.*\{ readonly (\w+):)/gm),
    ];
    const users = filesOf("src/**/*.ts")
      .filter((path) => !/config\/(?:build-)?config\.ts$/.test(path))
      .map(read)
      .join("\n");
    const names = declared.map(([, first, second]) => first ?? second ?? "");
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(users))).toEqual([]);
  });
});
