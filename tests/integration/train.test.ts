/** From stored events to a served run: what is read, what is written, and who answers by it. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Deadline } from "../../src/core/deadline.ts";
import { sha256 } from "../../src/models/bundle.ts";
import { encodeModel, loadModel } from "../../src/models/model-file.ts";
import { runDocuments } from "../../src/models/run-documents.ts";
import { train } from "../../src/models/train.ts";
import { readRunBundle, readSharedBundle, writeRun } from "../../src/stores/files/run-folder.ts";
import { insertModelRun } from "../../src/stores/postgres/model-runs.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { readItemTexts, readTrainingLog, trainingSize } from "../../src/stores/postgres/training-reader.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";

let database: TestDatabase;
let pool: Pool;
let folder: string;
const soon = () => Deadline.after(20_000);
const read = async (maxEvents: number) =>
  readTrainingLog(pool, await trainingSize(pool, soon()), maxEvents, soon(), () => {});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "reco-train-"));
  database = await testDatabase();
  pool = database.pool();
  await pool.use("write", soon(), async (sql) => {
    // Users' events arrive mixed, and not in the order of their times.
    await sql`
      insert into events (event_id, user_id, item_id, event_type, ts)
      select 'event-' || n, 'u' || n % 3, 'i' || n % 7, (array['view', 'click', 'purchase'])[n % 3 + 1],
        timestamptz '2026-01-01 00:00:00+00' + ((n * 37) % 60) * interval '1 second'
      from generate_series(1, 60) as n`;
    await sql`insert into items (item_id, title, tags) values ('i0', 'A film', '{x,y}'), ('i1', null, '{}')`;
  });
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

describe("the reader of training events", () => {
  test("gives each user's events in time order, with the weights of their signals", async () => {
    const { log, leftOut } = await read(1_000);
    expect(leftOut).toBe(0);
    expect(log.starts.length - 1).toBe(3);
    expect(log.items.length).toBe(60);
    for (let user = 0; user < 3; user++) {
      const times = log.tsMs.slice(log.starts[user], log.starts[user + 1]);
      expect(times).toEqual(times.toSorted());
    }
    expect(new Set(log.weights)).toEqual(new Set([1, 3, 10]));
  });

  test("leaves the oldest out where not all fit", async () => {
    const { log, leftOut } = await read(10);
    expect(leftOut).toBe(50);
    expect(Math.min(...log.tsMs)).toBe(Date.UTC(2026, 0, 1, 0, 0, 50));
  });

  test("reads nothing that came after the watermark", async () => {
    const size = await trainingSize(pool, soon());
    await pool.use(
      "write",
      soon(),
      (sql) => sql`
      insert into events (event_id, user_id, item_id, event_type, ts) values ('late-event', 'u9', 'i9', 'view', now())`,
    );
    const { log } = await readTrainingLog(pool, size, 1_000, soon(), () => {});
    expect(log.itemIds).not.toContain("i9");
    await pool.use("write", soon(), (sql) => sql`delete from events where event_id = 'late-event'`);
  });

  test("reads what the catalogue says of items", async () => {
    expect(await readItemTexts(pool, soon())).toEqual(
      new Map([
        ["i0", { title: "A film", category: null, author: null, tags: ["x", "y"] }],
        ["i1", { title: null, category: null, author: null, tags: [] }],
      ]),
    );
  });
});

describe("a run", () => {
  const runId = "20260101_023000";

  const write = async () => {
    const { log } = await read(1_000);
    const texts = await readItemTexts(pool, soon());
    const trained = train(log, { runId, texts, halfLifeHours: 8_760, easeMaxRows: 100, onStage() {} });
    const bundle = encodeModel(trained.model);
    const data = { events: 60, users: 3, items: 7, fromMs: 0, toMs: 1, watermark: "60", leftOut: 0 };
    const documents = runDocuments(trained, bundle, data, 0);
    return { trained, bundle, documents, path: await writeRun(folder, runId, bundle, documents) };
  };

  test("stands in the object folder, is read back whole, and has one row for ever", async () => {
    const { trained, bundle, documents, path } = await write();
    expect(loadModel(await readRunBundle(folder, runId))).toEqual(trained.model);
    const policy = JSON.parse(readFileSync(join(path, "decision_policy.json"), "utf8"));
    expect(policy).toMatchObject({
      status: "ok",
      policy_version: "1.0.0",
      feature_schema_version: "1.0.0",
      run_id: runId,
      selected_model: "ease_rules_blend",
      selected_model_artifact: `runs/${runId}/bundle.bin`,
      selected_model_sha256: sha256(bundle),
      serving: {
        betas: { sr: 0.3, ease: 0.6, decayed_popularity: 0.1 },
        diversity: { lambda: 0.85 },
        exploration: { epsilon: 0.05, from_position: 3, pool_size: 200 },
      },
    });
    const row = {
      runId,
      strategy: trained.model.strategy,
      artifactUri: policy.selected_model_artifact,
      artifactSha256: policy.selected_model_sha256,
      manifest: documents.get("manifest.json") as object,
      policy,
    };
    await insertModelRun(pool, row, soon());
    await expect(insertModelRun(pool, row, soon())).rejects.toThrow();
    const [stored] = await pool.use(
      "read",
      soon(),
      (sql) => sql<{ manifest: object; policy: object }[]>`
      select manifest, policy from model_run where run_id = ${runId}`,
    );
    expect(stored).toEqual({ manifest: row.manifest, policy });
  });

  test("is read into memory that threads share, unless it is too large", async () => {
    const shared = await readSharedBundle(folder, runId, () => null);
    expect(new Uint8Array(shared) as Uint8Array).toEqual(await readRunBundle(folder, runId));
    await expect(readSharedBundle(folder, runId, (bytes) => `${bytes} bytes are too many`)).rejects.toThrow(
      `${shared.byteLength} bytes are too many`,
    );
    await expect(readSharedBundle(folder, "20200101_000000", () => null)).rejects.toThrow();
  });

  test("that is there already is not written over", async () => {
    await expect(write()).rejects.toThrow();
    writeFileSync(join(folder, "objects/runs", runId, "bundle.bin"), "RECOBNDL, broken");
    const bytes = await readRunBundle(folder, runId);
    expect(() => loadModel(bytes)).toThrow("not a model file");
  });
});
