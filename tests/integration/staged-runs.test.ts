/** Runs in folders, on a real disk and in a real registry. */

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Deadline } from "../../src/core/deadline.ts";
import { admitRun } from "../../src/models/admit-run.ts";
import { encodeModel } from "../../src/models/model-file.ts";
import { runDocuments } from "../../src/models/run-documents.ts";
import { train } from "../../src/models/train.ts";
import { hashRunBundle, writeRun } from "../../src/stores/files/run-folder.ts";
import { runFolders, stageRun } from "../../src/stores/files/staged-runs.ts";
import { createRunStore } from "../../src/stores/postgres/model-runs.ts";
import { query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { aDataDir } from "../support/http-worker.ts";
import { logOf } from "../unit/models/logs.ts";

const RUN = "20260101_000000";
const COPY = "20260102_000000";

let database: TestDatabase;
let home: ReturnType<typeof aDataDir>;
beforeAll(async () => {
  database = await testDatabase();
});
beforeEach(async () => {
  home = aDataDir();
  await query(database.pool(), "truncate model_run cascade");
  for (const dir of ["models", "data", "elsewhere"]) mkdirSync(join(home.path, dir));
  const log = logOf("a b c|a b d|b c d|a c");
  const options = { runId: RUN, texts: new Map(), halfLifeHours: 8_760, easeMaxRows: 100, onStage() {} };
  const trained = train(log, options);
  const bundle = encodeModel(trained.model);
  const range = { events: 11, users: 4, items: 4, fromMs: 0, toMs: 1, watermark: "1", leftOut: 0 };
  await writeRun(join(home.path, "elsewhere"), RUN, bundle, runDocuments(trained, bundle, range, 0));
});
afterAll(async () => {
  home[Symbol.dispose]();
  await database[Symbol.asyncDispose]();
});

const at = (...names: string[]) => join(home.path, ...names);
const trainedFolder = () => at("elsewhere", "objects", "runs", RUN);
const soon = () => Deadline.after(10_000);
const admit = (source: string) => {
  const dataDir = at("data");
  const runs = createRunStore(database.pool(), (runId) => hashRunBundle(dataDir, runId));
  return admitRun({ runs, folders: runFolders({ modelsDir: at("models"), dataDir }) }, source, soon());
};

/** A copy of the trained run with another name and other weights. */
function edited(members: Record<string, unknown> = {}): string {
  const folder = at("elsewhere", "edited");
  cpSync(trainedFolder(), folder, { recursive: true });
  const file = join(folder, "decision_policy.json");
  const policy = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...policy, run_id: COPY, ...members }));
  return folder;
}

test("a staged run comes into the registry with its documents, as often as one likes", async () => {
  const staged = await stageRun(at("models"), edited());
  expect(staged).toBe(at("models", "staging", "edited"));
  expect(await admit(staged)).toEqual({ ok: true, value: COPY });
  expect(await admit(staged)).toEqual({ ok: true, value: COPY });
  expect(readdirSync(at("data", "objects", "runs"))).toEqual([COPY]);
  expect(readdirSync(at("data", "objects", "runs", COPY)).sort()).toEqual(
    readdirSync(trainedFolder()).sort(),
  );
  expect(await query(database.pool(), "select run_id, artifact_uri from model_run")).toEqual([
    { run_id: COPY, artifact_uri: `runs/${COPY}/bundle.bin` },
  ]);
});

test("staging replaces a folder of the same name as a whole, and takes one that is there as it is", async () => {
  const first = await stageRun(at("models"), edited());
  writeFileSync(join(first, "left over"), "");
  const again = await stageRun(at("models"), at("elsewhere", "edited"));
  expect(existsSync(join(again, "left over"))).toBe(false);
  expect(await stageRun(at("models"), again)).toBe(again);
  expect(readdirSync(at("models", "staging"))).toEqual(["edited"]);
});

test("a run comes from below the folders of models and data, wherever links lead, and from nowhere else", async () => {
  symlinkSync(trainedFolder(), at("models", "link"));
  symlinkSync(edited(), at("elsewhere", "out"));
  const invalid = { ok: false, error: { kind: "invalid_source" } } as const;
  for (const source of [
    trainedFolder(),
    at("models", "link"),
    at("models", "..", "elsewhere", "edited"),
    at("models", "no such folder"),
    at("models\0"),
    "/etc",
    "s3://bucket/run",
  ]) {
    expect(await admit(source)).toEqual(invalid);
  }
  cpSync(trainedFolder(), at("models", "run"), { recursive: true });
  symlinkSync(at("models", "run"), at("models", "inner link"));
  expect(await admit(at("models", "inner link"))).toEqual({ ok: true, value: RUN });
});

test("folders without what a run needs are refused by name, and leave nothing behind", async () => {
  const refusal = async (folder: string) => {
    const answer = await admit(await stageRun(at("models"), folder));
    return answer.ok ? "admitted" : (answer.error as { message?: string }).message;
  };
  mkdirSync(at("elsewhere", "empty"));
  expect(await refusal(at("elsewhere", "empty"))).toContain("decision_policy.json is missing");
  writeFileSync(at("elsewhere", "empty", "decision_policy.json"), "[1]");
  expect(await refusal(at("elsewhere", "empty"))).toContain("no JSON object");
  expect(await refusal(edited({ run_id: "../../up" }))).toContain("run_id must look like");
  expect(await refusal(edited({ selected_model_artifact: "runs/x/none.bin" }))).toBe(
    "Model artifact missing",
  );
  const damaged = edited();
  writeFileSync(join(damaged, "bundle.bin"), "damaged");
  expect(await refusal(damaged)).toBe("Model checksum mismatch");
  expect(existsSync(at("data", "objects"))).toBe(false);
});

test("files that were lost come back, and another run of the name is refused", async () => {
  const staged = await stageRun(at("models"), edited());
  await admit(staged);
  writeFileSync(at("data", "objects", "runs", COPY, "bundle.bin"), "damaged");
  expect(await admit(staged)).toEqual({ ok: true, value: COPY });
  expect(await hashRunBundle(at("data"), COPY)).toBe(await hashRunBundle(at("elsewhere"), RUN));
  const other = await stageRun(at("models"), edited({ serving: {} }));
  expect(await admit(other)).toEqual({
    ok: false,
    error: { kind: "gate", message: `Run ${COPY} is registered with other files` },
  });
});
