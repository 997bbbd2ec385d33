import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError, EXIT_FAILED, EXIT_USAGE } from "../../../../src/cli/exit-codes.ts";
import { chooseSources, type SourceFlags } from "../../../../src/cli/import/flags.ts";
import { temporaryDir } from "../../../support/embedded.ts";

const dir = temporaryDir("import-flags");
const file = join(dir, "events.csv");
const movieLens = join(dir, "ml");
writeFileSync(file, "user_id\n");
mkdirSync(movieLens);
for (const name of ["movies.csv", "ratings.csv"]) writeFileSync(join(movieLens, name), "");
afterAll(() => rmSync(dir, { recursive: true }));

const choose = (flags: Partial<SourceFlags>) => chooseSources({ format: "csv", file, map: [], ...flags });

function exitCodeOf(flags: Partial<SourceFlags>): number {
  try {
    choose(flags);
  } catch (error) {
    if (error instanceof CommandError) return error.exitCode;
    throw error;
  }
  throw new Error("nothing was wrong");
}

describe("chooseSources", () => {
  test("reads one file as events unless told otherwise", () => {
    expect(choose({})).toMatchObject([{ file, kind: "events" }]);
    expect(choose({ kind: "items" })).toMatchObject([{ file, kind: "items" }]);
  });

  test("reads the films of MovieLens before the ratings", () => {
    expect(choose({ format: "movielens", file: movieLens }).map(({ kind }) => kind)).toEqual([
      "items",
      "events",
    ]);
  });

  test("reads only one kind of MovieLens when asked to", () => {
    const sources = choose({ format: "movielens", file: movieLens, kind: "events" });
    expect(sources.map((source) => source.file)).toEqual([join(movieLens, "ratings.csv")]);
  });

  test("tells files apart that are read in another way", () => {
    const readings = [
      choose({}),
      choose({ map: ["a=b"] }),
      choose({ kind: "items" }),
      choose({ format: "jsonl" }),
    ];
    expect(new Set(readings.map(([source]) => JSON.stringify(source?.reading))).size).toBe(4);
  });

  test.each(["a", "a=", "=b", "a=b=c", ""])("--map %p is bad usage", (entry) => {
    expect(exitCodeOf({ map: [entry] })).toBe(EXIT_USAGE);
  });

  test("renaming one column twice is bad usage", () => {
    expect(exitCodeOf({ map: ["a=b", "a=c"] })).toBe(EXIT_USAGE);
  });

  test("--map with MovieLens is bad usage", () => {
    expect(exitCodeOf({ format: "movielens", file: movieLens, map: ["a=b"] })).toBe(EXIT_USAGE);
  });

  test.each([
    ["a missing file", { file: join(dir, "none.csv") }],
    ["a folder in place of a file", { file: dir }],
    ["a folder without the MovieLens files", { format: "movielens", file: dir } as const],
  ])("%s is a failure", (_, flags) => {
    expect(exitCodeOf(flags)).toBe(EXIT_FAILED);
  });
});
