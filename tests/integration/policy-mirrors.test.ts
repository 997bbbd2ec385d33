/** Files about what serves, on a real disk. */

import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeMirrors } from "../../src/stores/files/policy-mirrors.ts";
import { aDataDir } from "../support/http-worker.ts";

test("are replaced as a whole, taken away where there is nothing to show, and leave no drafts", async () => {
  using folder = aDataDir();
  const metrics = join(folder.path, "metrics");
  const write = (files: Record<string, object | null>, writer = "w") =>
    writeMirrors(folder.path, new Map(Object.entries(files)), writer);
  await write({ "latest.json": { run_id: "r1" }, "active_slot.json": { active_slot: "blue" } });
  await write({ "active_slot.json": null, "decision_policy.json": null });
  expect(existsSync(join(metrics, "active_slot.json"))).toBe(false);
  const runs = Array.from({ length: 20 }, (_, n) => ({ run_id: `run-${n}`, filler: "x".repeat(20_000) }));
  await Promise.all(runs.map((run, n) => write({ "latest.json": run }, `w${n}`)));
  const latest = JSON.parse(readFileSync(join(metrics, "latest.json"), "utf8"));
  expect(runs).toContainEqual(latest);
  expect(readdirSync(metrics)).toEqual(["latest.json"]);
});
