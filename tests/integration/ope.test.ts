/** `reco ope` over a real store: slates that were served and explored, a run that ranks otherwise, and its refusals. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Deadline } from "../../src/core/deadline.ts";
import { seededRandom } from "../../src/core/random.ts";
import { SIGNAL_WEIGHT } from "../../src/events/model.ts";
import { encodeModel } from "../../src/models/model-file.ts";
import type { SlateItem } from "../../src/recommend/slates/slate.ts";
import type { TrainedModel } from "../../src/recommend/trained-model.ts";
import { writeRun } from "../../src/stores/files/run-folder.ts";
import { createSlateStore } from "../../src/stores/postgres/slate-store.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { runReco } from "../support/run-reco.ts";
import { aSlate, type NamedSlate, someFeatures, written } from "../support/slates.ts";

const DAY_MS = Date.UTC(2026, 0, 15);
const SLATES = 600;
/** What was served goes by rules and shows `a` first, or `b` in two of five slates; popularity has `b` first. */
const EPSILON = 0.4;
const CLICKS = { a: 0.1, b: 0.3 };

let database: TestDatabase;
let dataDir: string;
const ope = (...args: string[]) =>
  runReco(["ope", ...args], {
    cwd: dataDir,
    env: { DATABASE_URL: database.url, RECO_DATA_DIR: dataDir },
  });
const item = (itemId: string, propensity: number): SlateItem => ({
  itemId,
  score: 1,
  propensity,
  sources: [],
  isExplored: false,
});

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "reco-ope-"));
  database = await testDatabase();
  const pool = database.pool();
  const soon = Deadline.after(30_000);
  const random = seededRandom(1);
  const features = someFeatures({
    candidates: {
      ranking: "blend",
      length: 1,
      itemIds: ["a", "b"],
      columns: [
        { name: "sequential_rules", weight: 1, values: Float64Array.of(1, 0) },
        { name: "decayed_popularity", weight: 0, values: Float32Array.of(0.5, 1) },
      ],
      categories: null,
    },
    viewer: { recent: ["x"], seen: ["x"], hidden: [], isGuest: false },
  });
  const watches: [requestId: string, itemId: string][] = [];
  const slates = Array.from({ length: SLATES }, (_, n): NamedSlate => {
    const shown = random.next() < EPSILON ? "b" : "a";
    const requestId = `request-${n}`;
    if (random.next() < CLICKS[shown]) watches.push([requestId, shown]);
    return aSlate({
      requestId,
      servedAtMs: DAY_MS + n,
      userId: `u-${n % 60}`,
      k: 1,
      wishes: { exclude: [], filter: null, boost: null },
      items: [item(shown, shown === "b" ? EPSILON : 1 - EPSILON)],
      featuresId: "f",
    });
  });
  await createSlateStore(pool, 7).store(
    written({ slates, features: [{ id: "f", servedAtMs: DAY_MS, features }] }),
    soon,
  );
  await pool.use("write", soon, async (sql) => {
    for (const [requestId, itemId] of watches) {
      await sql`
        insert into watches (event_id, user_id, session_id, request_id, item_id, ts_ms, watch_time_sec)
        values (${requestId}, 'u', 's', ${requestId}, ${itemId}, ${BigInt(DAY_MS)}, 40)`;
    }
  });
  const model: TrainedModel = {
    runId: "20260101_000000",
    strategy: "knn_rules_blend",
    itemIds: ["a", "b"],
    lists: {},
    sessions: null,
    weights: { decayed_popularity: 1 },
    sessionWeights: { decayed_popularity: 1 },
    profileHalfLife: 5,
    signalWeights: SIGNAL_WEIGHT,
  };
  const other = { ...model, runId: "20260101_000001", weights: { co_visitation: 1 } };
  for (const run of [model, other]) await writeRun(dataDir, run.runId, encodeModel(run), new Map());
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true, force: true });
});

describe("reco ope", () => {
  test("foresees what a run would bring that ranks otherwise", async () => {
    const ended = await ope("--run-id", "20260101_000000", "--from", "2026-01-15", "--to", "2026-01-16");
    expect({ code: ended.code, err: ended.err }).toEqual({ code: 0, err: "" });
    const report = JSON.parse(ended.out);
    expect(report).toMatchObject({ slates: SLATES, users: 60, slates_left_out: 0 });
    const rows = report.estimates as {
      metric: string;
      estimator: string;
      value: number;
      ci_low: number;
      ci_high: number;
    }[];
    const row = (metric: string, estimator: string) =>
      rows.find((each) => each.metric === metric && each.estimator === estimator);
    expect(row("ctr", "served")?.ci_high).toBeLessThan(CLICKS.b);
    for (const estimator of ["ips", "snips", "dr"]) {
      expect(row("ctr", estimator)?.ci_low).toBeLessThan(CLICKS.b);
      expect(row("ctr", estimator)?.ci_high).toBeGreaterThan(CLICKS.b);
      expect(row("watch_time_sec", estimator)?.value).toBeCloseTo(
        40 * (row("ctr", estimator)?.value ?? 0),
        6,
      );
    }
  });

  test.each<[string, string[], number, string]>([
    ["a run that is not there", ["--run-id", "20200101_000000"], 1, "no run 20200101_000000"],
    ["a time without slates", ["--run-id", "20260101_000000", "--to", "2026-01-15"], 1, "no slates"],
    [
      "a run that slates cannot say anything of",
      ["--run-id", "20260101_000001", "--to", "2026-01-16"],
      1,
      `${SLATES} were left out`,
    ],
    ["a run id of another form", ["--run-id", "../x"], 64, "--run-id"],
    [
      "a range that is none",
      ["--run-id", "20260101_000000", "--from", "2026-01-16", "--to", "2026-01-15"],
      64,
      "--from",
    ],
  ])("%s is refused", async (_, args, code, message) => {
    const ended = await ope(...args);
    expect({ code: ended.code, out: ended.out }).toEqual({ code, out: "" });
    expect(ended.err).toContain(message);
  });
});
