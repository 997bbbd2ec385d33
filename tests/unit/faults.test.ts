/** docs/faults.md and the tests that it names agree. */

import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const LAST = 45;
/** Faults without a test, each with its reason. */
const MAX_EXCUSED = 5;
const EXCUSE = /^excused: \S/;

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

interface Row {
  readonly id: string;
  readonly file: string;
  readonly title: string;
}

const rows: readonly Row[] = read("docs/faults.md")
  .split("\n")
  .filter((line) => /^\| F\d+ \|/.test(line))
  .map((line) => {
    const [, id = "", , file = "", title = ""] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    return { id, file, title: title.replaceAll("\\|", "|") };
  });
const proofs = rows.filter(({ title }) => !EXCUSE.test(title));

/** `file: title` of each test whose title begins with the number of a fault of this table. */
const numbered = [...new Bun.Glob("tests/**/*.test.ts").scanSync({ cwd: ROOT })].flatMap((file) =>
  [...read(file).matchAll(/"(F(\d+): (?:[^"\\]|\\.)+)"/g)]
    .filter(([, , number]) => Number(number) <= LAST)
    .map(([, title]) => `${file}: ${JSON.parse(`"${title}"`)}`),
);

describe("the table of faults", () => {
  test("has every fault from F1 to F45", () => {
    const wanted = Array.from({ length: LAST }, (_, index) => `F${index + 1}`);
    expect([...new Set(rows.map(({ id }) => id))]).toEqual(wanted);
  });

  test("names tests that exist, under titles that begin with the fault", () => {
    const missing = proofs.filter(
      ({ id, file, title }) =>
        !title.startsWith(`${id}: `) ||
        !existsSync(join(ROOT, file)) ||
        !numbered.includes(`${file}: ${title}`),
    );
    expect(missing).toEqual([]);
  });

  test("leaves no numbered test out", () => {
    const named = new Set(proofs.map(({ file, title }) => `${file}: ${title}`));
    expect(numbered.filter((title) => !named.has(title))).toEqual([]);
  });

  test(`excuses at most ${MAX_EXCUSED}`, () => {
    const excused = rows.filter(({ title }) => EXCUSE.test(title));
    expect(excused.length).toBeLessThanOrEqual(MAX_EXCUSED);
  });
});
