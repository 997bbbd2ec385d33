import { afterEach, beforeEach, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { examine } from "../../../../src/cli/doctor/examine.ts";
import { loadConfig } from "../../../../src/config/load.ts";
import { temporaryDir } from "../../../support/embedded.ts";

let dir: string;
beforeEach(() => {
  dir = temporaryDir("examine");
});
afterEach(() => rmSync(dir, { recursive: true }));

test("goes on when it cannot be told what runs here", async () => {
  writeFileSync(join(dir, "runtime.json"), "{");
  const env = { RECO_DATA_DIR: dir, DATABASE_URL: "postgres://u:p@127.0.0.1:1/d" };
  const { checks } = await examine(loadConfig({ env }));
  const statusOf = (name: string) => checks.find((check) => check.name === name)?.status;
  expect(statusOf("running_tree")).toBe("fail");
  expect(statusOf("data_folder")).toBe("pass");
  expect(statusOf("store_reachable")).toBe("fail");
});

test("looks at nothing that depends on a configuration that is not valid", async () => {
  const { checks, summary } = await examine(loadConfig({ env: { RECO_ROLES: "cook" } }));
  expect([...new Set(checks.map(({ name }) => name))]).toEqual(["runtime", "open_files", "configuration"]);
  expect(summary.failed).toBe(1);
});
