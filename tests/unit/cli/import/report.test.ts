import { describe, expect, test } from "bun:test";
import type { FileResult } from "../../../../src/cli/import/import-files.ts";
import { describeAsJson, describeForPeople } from "../../../../src/cli/import/report.ts";

const clean: FileResult = {
  file: "/data/events.csv",
  kind: "events",
  end: "finished",
  counts: { read: 3, inserted: 2, duplicates: 1, rejected: 0, resumed: 0 },
  firstReject: null,
  rejectsFile: "/data/events.csv.rejects.jsonl",
};
const refused: FileResult = {
  ...clean,
  kind: "items",
  end: "refused",
  counts: { read: 2, inserted: 1, duplicates: 0, rejected: 1, resumed: 0 },
  firstReject: { line: 3, reason: "item_id: required" },
};

describe("describeForPeople", () => {
  test("says what became of a file", () => {
    expect(describeForPeople([clean], false)).toBe(
      "/data/events.csv: 3 events: 2 new, 1 known before, 0 refused",
    );
  });

  test("says where an import stopped, why, and how to go on", () => {
    expect(describeForPeople([refused], false).split("\n")).toEqual([
      "/data/events.csv: 2 items: 1 new, 0 replaced, 1 refused",
      "  line 3: item_id: required",
      "  refused lines are in /data/events.csv.rejects.jsonl",
      "  stopped there; --continue-on-error goes on after refused lines",
    ]);
  });

  test("does not claim that a dry run stored anything", () => {
    expect(describeForPeople([clean], true)).toContain("nothing stored (dry run)");
  });
});

describe("describeAsJson", () => {
  test("sums up the files and names the list of refused lines only where there is one", () => {
    const report = JSON.parse(describeAsJson([clean, refused], false));
    expect(report).toMatchObject({
      dry_run: false,
      read: 5,
      inserted: 3,
      duplicates: 1,
      rejected: 1,
      resumed: 0,
    });
    expect(report.files.map((file: { rejects_file: unknown }) => file.rejects_file)).toEqual([
      null,
      "/data/events.csv.rejects.jsonl",
    ]);
  });
});
