import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Checkpoint } from "../../../../src/cli/import/checkpoint.ts";
import type { ImportResult, RowStore } from "../../../../src/cli/import/import-run.ts";
import { Rejects } from "../../../../src/cli/import/rejects.ts";
import { runImport } from "../../../../src/cli/import/run-import.ts";
import type { Fields, SourceRecord } from "../../../../src/cli/import/sources.ts";
import { StoreDataError, StoreUnavailableError } from "../../../../src/core/errors.ts";
import { err, ok, type Result } from "../../../../src/core/result.ts";
import { temporaryDir } from "../../../support/embedded.ts";

let dir: string;
let file: string;

beforeEach(() => {
  dir = temporaryDir("import");
  file = join(dir, "events.csv");
  writeFileSync(file, "content");
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A store of names that knows each only once, and breaks where it is told to. */
class NameStore implements RowStore<string> {
  readonly names = new Set<string>();
  chunksUntilBroken = Number.POSITIVE_INFINITY;

  async store(rows: readonly string[]) {
    if (this.chunksUntilBroken-- <= 0) throw new StoreUnavailableError("connect", "gone");
    if (rows.includes("poison")) throw new StoreDataError("22P05", "cannot be stored");
    const before = this.names.size;
    for (const row of rows) this.names.add(row);
    return { inserted: this.names.size - before, duplicates: rows.length - (this.names.size - before) };
  }

  keyOf = (row: string) => row;
  holds = async (key: string) => this.names.has(key);
}

/** Lines from 2 on, as behind a header; a line `bad…` is refused. */
async function* recordsOf(names: readonly string[]): AsyncGenerator<SourceRecord> {
  for (const [index, name] of names.entries()) {
    yield { kind: "fields", line: index + 2, bytesRead: (index + 1) * 10, fields: { name } };
  }
}

const parse = ({ name }: Fields): Result<string, string> =>
  String(name).startsWith("bad") ? err("name: bad") : ok(String(name));

interface Options {
  readonly continueOnError?: boolean;
  readonly dryRun?: boolean;
  readonly reading?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Imports in chunks of two. */
async function load(
  store: NameStore,
  names: readonly string[],
  options: Options = {},
): Promise<ImportResult> {
  using rejects = new Rejects(file);
  return await runImport({
    records: recordsOf(names),
    parse,
    target: options.dryRun
      ? null
      : { rows: store, checkpoint: new Checkpoint(dir, file, options.reading ?? ["csv"]) },
    chunkSize: 2,
    rejects,
    continueOnError: options.continueOnError ?? true,
    signal: options.signal ?? new AbortController().signal,
    onProgress: () => {},
  });
}

const rejected = () =>
  readFileSync(`${file}.rejects.jsonl`, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

/** Breaks the import of `names` off after `chunks` chunks. */
async function breakOff(store: NameStore, names: readonly string[], chunks: number): Promise<void> {
  store.chunksUntilBroken = chunks;
  await expect(load(store, names)).rejects.toThrow(StoreUnavailableError);
  store.chunksUntilBroken = Number.POSITIVE_INFINITY;
}

const NAMES = ["a", "b", "c", "d", "e"];

describe("runImport", () => {
  test("stores every record and counts it", async () => {
    const store = new NameStore();
    const { counts, end } = await load(store, NAMES);
    expect([...store.names]).toEqual(NAMES);
    expect({ ...counts, end }).toEqual({
      read: 5,
      inserted: 5,
      duplicates: 0,
      rejected: 0,
      resumed: 0,
      end: "finished",
    });
  });

  test("a repeat inserts nothing", async () => {
    const store = new NameStore();
    await load(store, NAMES);
    expect((await load(store, NAMES)).counts).toMatchObject({ inserted: 0, duplicates: 5, resumed: 0 });
  });

  test("lists refused records with line, reason and content", async () => {
    const { counts, firstReject } = await load(new NameStore(), ["a", "bad-1", "b", "bad-2"]);
    expect(counts).toMatchObject({ inserted: 2, rejected: 2 });
    expect(firstReject).toEqual({ line: 3, reason: "name: bad" });
    expect(rejected()).toEqual([
      { line: 3, reason: "name: bad", record: { name: "bad-1" } },
      { line: 5, reason: "name: bad", record: { name: "bad-2" } },
    ]);
  });

  test("a run begins with an empty list of refused records", async () => {
    const store = new NameStore();
    await load(store, ["bad-1", "a"]);
    await load(store, ["a", "bad-2"]);
    expect(rejected().map(({ line }) => line)).toEqual([3]);
  });

  test("a clean run leaves no list behind", async () => {
    await load(new NameStore(), ["bad-1"]);
    await load(new NameStore(), ["a"]);
    expect(() => rejected()).toThrow("ENOENT");
  });

  test("stops at the first refused record unless told to go on, with all before it stored", async () => {
    const store = new NameStore();
    const { counts, end } = await load(store, ["a", "b", "c", "bad", "d"], { continueOnError: false });
    expect([...store.names]).toEqual(["a", "b", "c"]);
    expect(end).toBe("refused");
    expect(counts).toMatchObject({ read: 4, rejected: 1 });
  });

  test("a record that only the store refuses is listed, and its neighbours are stored", async () => {
    const store = new NameStore();
    const { counts } = await load(store, ["a", "poison", "c", "poison", "e"]);
    expect([...store.names]).toEqual(["a", "c", "e"]);
    expect(counts).toMatchObject({ inserted: 3, rejected: 2 });
    expect(rejected().map(({ line }) => line)).toEqual([3, 5]);
  });

  test("stops at a record that only the store refuses as at any other", async () => {
    const { end } = await load(new NameStore(), ["a", "poison", "c"], { continueOnError: false });
    expect(end).toBe("refused");
  });

  test("a dry run stores nothing and lists what is refused", async () => {
    const store = new NameStore();
    const { counts } = await load(store, ["a", "bad"], { dryRun: true });
    expect(store.names.size).toBe(0);
    expect(counts).toMatchObject({ read: 2, inserted: 0, rejected: 1 });
    expect(rejected()).toHaveLength(1);
  });
});

describe("a broken-off import", () => {
  test("goes on behind the last chunk that was stored", async () => {
    const store = new NameStore();
    await breakOff(store, NAMES, 1);
    const { counts } = await load(store, NAMES);
    expect(counts).toMatchObject({ read: 5, resumed: 2, inserted: 3, duplicates: 0 });
    expect([...store.names]).toEqual(NAMES);
  });

  test("lists and counts each refused record once", async () => {
    const names = ["bad-1", "a", "b", "bad-2", "c"];
    const store = new NameStore();
    await breakOff(store, names, 1);
    expect((await load(store, names)).counts).toMatchObject({ resumed: 2, rejected: 2 });
    expect(rejected().map(({ line }) => line)).toEqual([2, 5]);
  });

  test("remembers its place through chunks in which all was refused", async () => {
    const names = ["a", "b", "bad-1", "bad-2", "c"];
    const store = new NameStore();
    await breakOff(store, names, 1);
    expect((await load(store, names)).counts).toMatchObject({ resumed: 4, rejected: 2, inserted: 1 });
  });

  test("begins anew when the file has changed", async () => {
    const store = new NameStore();
    await breakOff(store, NAMES, 1);
    utimesSync(file, 1, 1);
    expect((await load(store, NAMES)).counts).toMatchObject({ resumed: 0, inserted: 3, duplicates: 2 });
  });

  test("begins anew when the file is read in another way", async () => {
    const store = new NameStore();
    await breakOff(store, NAMES, 1);
    expect((await load(store, NAMES, { reading: ["jsonl"] })).counts.resumed).toBe(0);
  });

  test("begins anew on a database that does not hold what it stored", async () => {
    await breakOff(new NameStore(), NAMES, 1);
    const other = new NameStore();
    expect((await load(other, NAMES)).counts).toMatchObject({ resumed: 0, inserted: 5 });
  });

  test("begins anew when its list of refused records is gone", async () => {
    const names = ["bad", "a", "b", "c"];
    const store = new NameStore();
    await breakOff(store, names, 1);
    rmSync(`${file}.rejects.jsonl`);
    expect((await load(store, names)).counts).toMatchObject({ resumed: 0, rejected: 1 });
    expect(rejected()).toHaveLength(1);
  });

  test("is not forgotten over a dry run", async () => {
    const store = new NameStore();
    await breakOff(store, NAMES, 1);
    await load(store, NAMES, { dryRun: true });
    expect((await load(store, NAMES)).counts.resumed).toBe(2);
  });

  test("is forgotten once it is finished", async () => {
    const store = new NameStore();
    await breakOff(store, NAMES, 1);
    await load(store, NAMES);
    expect((await load(store, NAMES)).counts.resumed).toBe(0);
  });

  test("meets the refused record again that stopped it", async () => {
    const store = new NameStore();
    const names = ["a", "b", "bad", "c"];
    await load(store, names, { continueOnError: false });
    expect((await load(store, names, { continueOnError: false })).end).toBe("refused");
    expect((await load(store, names)).counts).toMatchObject({ resumed: 2, rejected: 1, inserted: 1 });
  });

  test("that was interrupted has stored all it had read", async () => {
    const store = new NameStore();
    const { counts, end } = await load(store, NAMES, { signal: AbortSignal.abort() });
    expect({ end, read: counts.read, stored: store.names.size }).toEqual({
      end: "interrupted",
      read: 1,
      stored: 1,
    });
    expect((await load(store, NAMES)).counts).toMatchObject({ resumed: 1, inserted: 4 });
  });
});
