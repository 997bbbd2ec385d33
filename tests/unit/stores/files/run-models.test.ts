/** Models of runs that may not serve any more: read whole, or told why not. */

import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Deadline } from "../../../../src/core/deadline.ts";
import { sha256 } from "../../../../src/models/bundle.ts";
import { encodeModel } from "../../../../src/models/model-file.ts";
import type { RunSummary } from "../../../../src/models/ports.ts";
import { BUNDLE_FILE } from "../../../../src/models/run-documents.ts";
import { train } from "../../../../src/models/train.ts";
import { writeRun } from "../../../../src/stores/files/run-folder.ts";
import { createRunModels } from "../../../../src/stores/files/run-models.ts";
import { logOf } from "../../models/logs.ts";

const RUN_ID = "20260101_023000";
const MODEL = train(logOf("a b c|a b d|b c d|a c"), {
  runId: RUN_ID,
  texts: new Map(),
  halfLifeHours: 8_760,
  easeMaxRows: 100,
  onStage() {},
}).model;
const BYTES = encodeModel(MODEL);

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "reco-run-models-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const known: RunSummary = {
  runId: RUN_ID,
  strategy: MODEL.strategy,
  createdAtMs: 0,
  artifactUri: `runs/${RUN_ID}/bundle.bin`,
  artifactSha256: sha256(BYTES),
  policyVersion: "1",
  params: {},
  metrics: {},
};
const load = (runs: readonly RunSummary[] = [known]) =>
  createRunModels({ find: async () => runs }, dataDir).load(RUN_ID, Deadline.after(5_000));

test("a run that the registry does not know is unknown, whatever lies in the folder", async () => {
  await writeRun(dataDir, RUN_ID, BYTES, new Map());
  expect(await load([])).toBe("unknown");
});

test("a run's model is what was written", async () => {
  await writeRun(dataDir, RUN_ID, BYTES, new Map());
  expect(await load()).toEqual(MODEL);
});

test("a file that is gone, cut off or another one is not retained", async () => {
  expect(await load()).toBe("not_retained");
  const folder = await writeRun(dataDir, RUN_ID, BYTES, new Map());
  const file = join(folder, BUNDLE_FILE);
  writeFileSync(file, BYTES.subarray(0, BYTES.length - 1));
  expect(await load()).toBe("not_retained");
  writeFileSync(file, encodeModel({ ...MODEL, profileHalfLife: MODEL.profileHalfLife + 1 }));
  expect(await load()).toBe("not_retained");
});
