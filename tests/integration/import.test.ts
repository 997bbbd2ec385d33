import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chooseSources, type SourceFlags } from "../../src/cli/import/flags.ts";
import { type FileResult, type ImportOptions, importFiles } from "../../src/cli/import/import-files.ts";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { createIngestStore } from "../../src/stores/postgres/ingest-store.ts";
import type { Connection, Pool } from "../../src/stores/postgres/pool-types.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { temporaryDir } from "../support/embedded.ts";
import { FEATURE_TABLES, readFeatures } from "../support/feature-tables.ts";
import { aDirectEvent, planOf } from "../support/plans.ts";

const MOVIELENS = join(dirname(fileURLToPath(import.meta.url)), "../../datasets/ml-latest-small");
const WHOLE_IMPORT_TIMEOUT_MS = 120_000;

let database: TestDatabase;
let pool: Pool;
let dir: string;
let config: Config;

beforeAll(async () => {
  database = await testDatabase();
  pool = database.pool();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  dir = temporaryDir("import");
  config = configIn(dir);
  await query(
    (sql) => sql`
      truncate ${sql.unsafe(FEATURE_TABLES)}, ingested_event, impressions, watches,
        event_outbox, items`,
  );
});
afterEach(() => rmSync(dir, { recursive: true }));

function configIn(dataDir: string): Config {
  const loaded = loadConfig({ env: { RECO_DATA_DIR: dataDir } });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value.config;
}

const query = <T>(work: (sql: Connection) => Promise<T>) => pool.use("write", Deadline.after(10_000), work);

async function countOf(table: string): Promise<number> {
  const [row] = await query(
    (sql) => sql<{ rows: number }[]>`select count(*)::int as rows from ${sql(table)}`,
  );
  return row?.rows ?? 0;
}

async function load(
  flags: Partial<SourceFlags>,
  options: Partial<ImportOptions> = {},
): Promise<FileResult[]> {
  const sources = chooseSources({ format: "csv", file: join(dir, "events.csv"), map: [], ...flags });
  const { signal } = new AbortController();
  const results = await importFiles(sources, {
    config,
    pool,
    publish: false,
    continueOnError: false,
    signal,
    ...options,
  });
  return [...results];
}

const loadOne = async (flags: Partial<SourceFlags>, options: Partial<ImportOptions> = {}) => {
  const [result] = await load(flags, options);
  if (!result) throw new Error("nothing was imported");
  return result;
};

/** Writes a file of the test's folder and answers its path. */
function write(name: string, lines: readonly (string | object)[]): string {
  const path = join(dir, name);
  writeFileSync(
    path,
    lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"),
  );
  return path;
}

/** The first `count` ratings in MovieLens' own layout. */
function writeRatings(count: number): void {
  const lines = readFileSync(join(MOVIELENS, "ratings.csv"), "utf8").split("\n");
  write("ratings.csv", lines.slice(0, count + 1));
  write("movies.csv", readFileSync(join(MOVIELENS, "movies.csv"), "utf8").split("\n").slice(0, 101));
}

/** Weight of each film by the rule, from the bare text of a ratings file. */
function expectedPopularity(path: string): Record<string, number> {
  const popularity: Record<string, number> = {};
  for (const line of readFileSync(path, "utf8").trim().split(/\r?\n/).slice(1)) {
    const [, movie = "", rating] = line.split(",");
    const weight = Number(rating) >= 4 ? 10 : Number(rating) >= 3 ? 3 : 1;
    popularity[movie] = (popularity[movie] ?? 0) + weight;
  }
  return popularity;
}

describe("MovieLens", () => {
  const movieLens = () => ({ format: "movielens", file: dir }) as const;

  test("ratings and films are counted exactly, and a repeat inserts nothing", async () => {
    writeRatings(3_000);
    expect(await load(movieLens())).toMatchObject([
      { kind: "items", counts: { read: 100, inserted: 100, duplicates: 0, rejected: 0 } },
      { kind: "events", counts: { read: 3_000, inserted: 3_000, duplicates: 0, rejected: 0 } },
    ]);
    const features = await readFeatures(pool);
    expect(features.popularity).toEqual(expectedPopularity(join(dir, "ratings.csv")));
    expect(await load(movieLens())).toMatchObject([
      { counts: { inserted: 0, duplicates: 100 } },
      { counts: { inserted: 0, duplicates: 3_000 } },
    ]);
    expect(await readFeatures(pool)).toEqual(features);
    expect([await countOf("events"), await countOf("items")]).toEqual([3_000, 100]);
  });

  test("a film keeps title, genres and year, and a rating the id of its pair", async () => {
    writeRatings(1);
    await load(movieLens());
    const [item] = await query(
      (sql) => sql`select title, to_json(tags) as tags, attributes from items where item_id = '1'`,
    );
    expect(item).toEqual({
      title: "Toy Story (1995)",
      tags: ["Adventure", "Animation", "Children", "Comedy", "Fantasy"],
      attributes: { year: 1995 },
    });
    const [event] = await query((sql) => sql`select event_id, user_id, item_id, event_type from events`);
    expect(event).toEqual({ event_id: "ml-1-1", user_id: "1", item_id: "1", event_type: "purchase" });
  });

  test(
    "the whole set is imported",
    async () => {
      const results = await load({ format: "movielens", file: MOVIELENS });
      expect(results).toMatchObject([
        { end: "finished", counts: { read: 9_742, inserted: 9_742, rejected: 0 } },
        { end: "finished", counts: { read: 100_836, inserted: 100_836, rejected: 0 } },
      ]);
      const { popularity, history } = await readFeatures(pool);
      expect(popularity).toEqual(expectedPopularity(join(MOVIELENS, "ratings.csv")));
      expect(Object.keys(history)).toHaveLength(610);
      expect(await countOf("events")).toBe(100_836);
    },
    WHOLE_IMPORT_TIMEOUT_MS,
  );
});

describe("a broken-off import", () => {
  /** A pool whose connections are gone after `transactions` transactions. */
  const breakingAfter = (transactions: number): Pool => {
    let left = transactions;
    return {
      ...pool,
      use: pool.use,
      transaction: (lane, deadline, work) =>
        left-- > 0 ? pool.transaction(lane, deadline, work) : Promise.reject(new Error("broken off")),
      [Symbol.asyncDispose]: async () => {},
    };
  };

  test("goes on where it stopped and ends like an unbroken one", async () => {
    writeRatings(3_500);
    const flags = { format: "movielens", file: dir, kind: "events" } as const;
    await expect(load(flags, { pool: breakingAfter(2) })).rejects.toThrow("broken off");
    expect(await countOf("events")).toBe(2_000);
    expect((await loadOne(flags)).counts).toMatchObject({ read: 3_500, resumed: 2_000, inserted: 1_500 });
    const continued = await readFeatures(pool);
    await query((sql) => sql`truncate ${sql.unsafe(FEATURE_TABLES)}, ingested_event`);
    await load(flags);
    expect(continued).toEqual(await readFeatures(pool));
  });

  test("begins anew on a database that lost what was stored", async () => {
    writeRatings(1_500);
    const flags = { format: "movielens", file: dir, kind: "events" } as const;
    await expect(load(flags, { pool: breakingAfter(1) })).rejects.toThrow("broken off");
    await query((sql) => sql`truncate ${sql.unsafe(FEATURE_TABLES)}, ingested_event`);
    expect((await loadOne(flags)).counts).toMatchObject({ resumed: 0, inserted: 1_500 });
  });
});

describe("events", () => {
  test("lines without an event id count once, however often they come", async () => {
    const header = "user_id,item_id,event_type,ts";
    write("events.csv", [
      header,
      "u-1,i-1,click,1500000000",
      "u-1,i-1,click,1500000000",
      "u-1,i-1,view,1500000001",
    ]);
    expect((await loadOne({})).counts).toMatchObject({ read: 3, inserted: 2, duplicates: 1 });
    expect((await loadOne({})).counts).toMatchObject({ inserted: 0, duplicates: 3 });
    expect((await readFeatures(pool)).popularity).toEqual({ "i-1": 4 });
  });

  test("columns of another name are mapped", async () => {
    write("events.csv", ["who,what,event_type,ts", "u-1,i-1,click,1500000000"]);
    const map = ["who=user_id", "what=item_id"];
    expect((await loadOne({ map })).counts.inserted).toBe(1);
  });

  test("refused lines are listed by number, the others are stored", async () => {
    const file = write("events.csv", [
      "user_id,item_id,event_type,ts",
      "u-1,i-1,click,1500000000",
      "u-1,i-1,like,1500000000",
      'u-1,"i\n2",click,1500000000',
      "u-1,i-3,click",
      "u-1,i-4,click,1500000000",
    ]);
    const { counts, rejectsFile } = await loadOne({}, { continueOnError: true });
    expect(counts).toMatchObject({ read: 5, inserted: 2, rejected: 3 });
    expect(rejectsFile).toBe(`${file}.rejects.jsonl`);
    const rejects = readFileSync(rejectsFile, "utf8").trim().split("\n");
    expect(rejects.map((line) => JSON.parse(line).line)).toEqual([3, 4, 6]);
  });

  test("a dry run stores nothing", async () => {
    write("events.csv", ["user_id,item_id,event_type,ts", "u-1,i-1,click,1500000000"]);
    expect((await loadOne({}, { pool: null })).counts).toMatchObject({ read: 1, inserted: 0, rejected: 0 });
    expect(await countOf("events")).toBe(0);
  });

  test("add up exactly with live events of the same users and items", async () => {
    const users = 20;
    const live = Array.from({ length: 300 }, (_, index) =>
      aDirectEvent({
        eventId: `live-event-${index}`,
        userId: `u-${index % users}`,
        itemId: `i-${index % 7}`,
        signal: "purchase",
        tsMs: 1_500_000_000_500 + index * 1_000,
      }),
    );
    const lines = Array.from(
      { length: 3_000 },
      (_, index) => `file-event-${index},u-${index % users},i-${index % 11},click,${1_500_000_000 + index}`,
    );
    write("events.csv", ["event_id,user_id,item_id,event_type,ts", ...lines]);
    const store = createIngestStore(pool, systemClock);
    const accept = (event: (typeof live)[number]) => store.accept([planOf(event)], Deadline.after(20_000));

    const [{ counts }] = await Promise.all([loadOne({}), ...live.map(accept)]);

    expect(counts).toMatchObject({ inserted: 3_000, duplicates: 0 });
    const together = await readFeatures(pool);
    await query((sql) => sql`truncate ${sql.unsafe(FEATURE_TABLES)}, ingested_event`);
    await loadOne({});
    for (const event of live) await accept(event);
    expect(together).toEqual(await readFeatures(pool));
  });
});

describe("watches and impressions", () => {
  const base = { user_id: "u-1", session_id: "s-1", request_id: "req-0001", ts_ms: 1_500_000_000_000 };
  const watch = { ...base, event_id: "watch-0001", item_id: "i-1", watch_time_sec: 60, percent_watched: 90 };
  const impression = {
    ...base,
    event_id: "impression-0001",
    items: [
      { item_id: "i-1", position: 0 },
      { item_id: "i-2", position: 1, slot: "hero" },
    ],
  };

  test("are stored, and a watch is a feature at once", async () => {
    write("log.jsonl", [watch, impression]);
    const { counts } = await loadOne({ format: "jsonl", file: join(dir, "log.jsonl") });
    expect(counts).toMatchObject({ inserted: 2, rejected: 0 });
    expect([await countOf("watches"), await countOf("impressions")]).toEqual([1, 2]);
    expect((await readFeatures(pool)).popularity).toEqual({ "i-1": 10 });
    expect(await countOf("event_outbox")).toBe(0);
  });

  test("get outbox rows when they are published, and features then come through the stream", async () => {
    write("log.jsonl", [watch, impression]);
    await loadOne({ format: "jsonl", file: join(dir, "log.jsonl") }, { publish: true });
    const rows = await query(
      (sql) => sql`select event_id, event_type, kafka_key from event_outbox order by 2`,
    );
    expect([...rows]).toEqual([
      { event_id: "impression-0001", event_type: "impression", kafka_key: "u-1" },
      { event_id: "watch-0001", event_type: "watch", kafka_key: "u-1" },
    ]);
    expect((await readFeatures(pool)).popularity).toEqual({});
  });

  test("come from CSV as well, lists as JSON cells", async () => {
    write("events.csv", [
      "event_id,user_id,session_id,request_id,ts_ms,items",
      'impression-0001,u-1,s-1,req-0001,1500000000000,"[{""item_id"":""i-1"",""position"":0}]"',
    ]);
    expect((await loadOne({})).counts).toMatchObject({ inserted: 1, rejected: 0 });
    expect(await countOf("impressions")).toBe(1);
  });
});

describe("items", () => {
  const titles = () =>
    query((sql) => sql`select item_id, title, version::int as version from items order by 1`);

  test("are inserted, and replaced by what is imported later", async () => {
    const file = write("items.csv", ["item_id,title,tags", "i-1,Old,a;b", "i-2,Other,"]);
    expect((await loadOne({ kind: "items", file })).counts).toMatchObject({ inserted: 2, duplicates: 0 });
    write("items.csv", ["item_id,title,tags", "i-1,Newer,a;b;c"]);
    expect((await loadOne({ kind: "items", file })).counts).toMatchObject({ inserted: 0, duplicates: 1 });
    expect([...(await titles())]).toEqual([
      { item_id: "i-1", title: "Newer", version: 2 },
      { item_id: "i-2", title: "Other", version: 1 },
    ]);
  });

  test("of one id count as one, and the last line stays", async () => {
    const file = write("items.jsonl", [
      { item_id: "i-1", title: "First" },
      { item_id: "i-1", title: "Last", attributes: { note: "\\u0000 is only text" } },
    ]);
    expect((await loadOne({ kind: "items", format: "jsonl", file })).counts).toMatchObject({
      inserted: 1,
      duplicates: 1,
    });
    expect((await titles())[0]).toMatchObject({ title: "Last" });
  });
});
