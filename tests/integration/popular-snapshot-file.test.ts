/** The popular snapshot on a real file system: whole files only, and an older one when the newest is damaged. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { popularSnapshotFile } from "../../src/stores/files/popular-snapshot-file.ts";
import { items } from "../support/fake-feature-reader.ts";

let folder: string;
let refused: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reco-snapshot-"));
  refused = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const dir = () => join(folder, "snapshots");
const aFile = (writerId = "http-0") =>
  popularSnapshotFile({ dir: dir(), writerId, onRefused: (_, problem) => void refused.push(problem) });
const older = items({ a: 1 });
const newer = items({ b: 2, c: 1 });

describe("popular snapshot file", () => {
  test("loads what was saved last", async () => {
    await aFile().save(older);
    await aFile().save(newer);
    expect(await aFile().load()).toEqual(newer);
  });

  test("is null where nothing was ever saved", async () => {
    expect(await aFile().load()).toBeNull();
    expect(refused).toEqual([]);
  });

  test("a damaged file is refused and the older one loaded", async () => {
    await aFile().save(older);
    await aFile().save(newer);
    await truncate(join(dir(), "popular.json"), 30);
    expect(await aFile().load()).toEqual(older);
    expect(refused).toEqual(["not valid JSON"]);
  });

  test("a damaged file never pushes out the older one", async () => {
    await aFile().save(older);
    await aFile().save(newer);
    await writeFile(join(dir(), "popular.json"), "damaged");
    await aFile().save(newer);
    await writeFile(join(dir(), "popular.json"), "damaged");
    expect(await aFile().load()).toEqual(older);
  });

  test("writers that save at the same time leave one whole file and nothing temporary", async () => {
    const writers = Array.from({ length: 8 }, (_, n) => aFile(`http-${n}`));
    await Promise.all(writers.map((writer) => writer.save(newer)));
    expect(await aFile().load()).toEqual(newer);
    expect((await readdir(dir())).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});
