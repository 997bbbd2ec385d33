import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRunFolder } from "../../../../src/cli/evaluate/run-folder.ts";

const NOW_MS = Date.UTC(2026, 0, 1, 23, 59, 59, 750);
let reportsDir: string;
beforeEach(() => {
  reportsDir = mkdtempSync(join(tmpdir(), "reco-reports-"));
});
afterEach(() => rmSync(reportsDir, { recursive: true }));

const make = (over: { runId?: string; output?: string } = {}) =>
  makeRunFolder({ runId: over.runId, output: over.output, reportsDir, nowMs: NOW_MS });

describe("run folder", () => {
  test("is named by the time in UTC; a second run of that second gets the next one", () => {
    expect(make()).toEqual({
      runId: "20260101_235959",
      path: join(reportsDir, "metrics", "20260101_235959"),
    });
    expect(make().runId).toBe("20260102_000000");
    expect(readdirSync(join(reportsDir, "metrics")).sort()).toEqual(["20260101_235959", "20260102_000000"]);
  });

  test("a given run id is kept, also when its folder is there", () => {
    make({ runId: "20250101_000000" });
    expect(make({ runId: "20250101_000000" }).path).toBe(join(reportsDir, "metrics", "20250101_000000"));
  });

  test.each(["", "2026", "20260101-023000", "../20260101_023000"])("%p is no run id", (runId) => {
    expect(() => make({ runId })).toThrow("--run-id");
  });

  test("--output takes the place of the run's own folder", () => {
    const output = join(reportsDir, "elsewhere");
    expect(make({ output })).toEqual({ runId: "20260101_235959", path: output });
    expect(readdirSync(reportsDir)).toEqual(["elsewhere"]);
  });
});
