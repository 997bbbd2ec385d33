import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readInput } from "../../../../src/cli/evaluate/input.ts";
import { loadConfig } from "../../../../src/config/load.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "reco-input-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function read(path: string) {
  const loaded = loadConfig({ env: {} });
  if (!loaded.ok) throw new Error("no configuration");
  return readInput(path, loaded.value.config);
}

function file(name: string, ...lines: string[]): string {
  writeFileSync(join(dir, name), `${lines.join("\n")}\n`);
  return join(dir, name);
}

const taken = async (path: string) =>
  (await read(path)).interactions.map(({ userId, itemId, signal }) => `${userId} ${itemId} ${signal}`);

describe("input of an evaluation", () => {
  test("of a MovieLens directory are the ratings of at least 4, each counting 1", async () => {
    file("ratings.csv", "userId,movieId,rating,timestamp", "1,10,4.0,1000", "1,11,3.5,1001", "2,10,5.0,1002");
    expect(await taken(dir)).toEqual(["1 10 view", "2 10 view"]);
  });

  test("of a CSV are all events", async () => {
    const path = file(
      "events.csv",
      "user_id,item_id,event_type,ts",
      "u,a,view,1500000000",
      "u,b,purchase,1500000001",
    );
    expect(await taken(path)).toEqual(["u a view", "u b purchase"]);
  });

  test("of JSONL are events and watches, by what the watch signals; impressions are none", async () => {
    const watch = {
      event_id: "watch-0001",
      user_id: "u",
      session_id: "s",
      request_id: "r",
      ts_ms: 1_500_000_000,
    };
    const path = file(
      "events.jsonl",
      JSON.stringify({ user_id: "u", item_id: "a", event_type: "click", ts: 1_500_000_000 }),
      JSON.stringify({ ...watch, item_id: "b", watch_time_sec: 500 }),
      JSON.stringify({ ...watch, items: [{ item_id: "c", position: 0 }] }),
    );
    expect(await taken(path)).toEqual(["u a click", "u b purchase"]);
  });

  test("knows what the import would store", async () => {
    const { interactions, plans } = await read(
      file("events.csv", "user_id,item_id,event_type,ts", "u,a,view,1500000000"),
    );
    expect(interactions.map((each) => plans.get(each)?.event.tsMs)).toEqual([1_500_000_000_000]);
  });

  test.each([
    [
      "a refused line",
      ["user_id,item_id,event_type,ts", "u,a,view,1500000000", "u,a,look,1500000000"],
      "line 3",
    ],
    ["a line with a cell too many", ["user_id,item_id,event_type,ts", "u,a,view,1,2"], "line 2"],
    ["a file without its columns", ["user,item"], "no column user_id"],
  ])("%s is named", async (_, lines, message) => {
    const path = file("events.csv", ...lines);
    await expect(read(path)).rejects.toThrow(message);
    await expect(read(path)).rejects.toThrow(path);
  });

  test("a directory without ratings, and a path without a file, are refused", async () => {
    mkdirSync(join(dir, "empty"));
    await expect(read(join(dir, "empty"))).rejects.toThrow("is not a file");
    await expect(read(join(dir, "none.csv"))).rejects.toThrow("is not a file");
  });
});
