/** Two http workers and the writer of one supervised tree, each worker on a port of its own. */

import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { type ActorArgs, describeTree } from "../../src/actors/tree.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { seededRandom } from "../../src/core/random.ts";
import { sha256 } from "../../src/models/bundle.ts";
import { encodeModel } from "../../src/models/model-file.ts";
import { runDocuments } from "../../src/models/run-documents.ts";
import { train } from "../../src/models/train.ts";
import { trainingLogOf } from "../../src/models/training-log.ts";
import { writeRun } from "../../src/stores/files/run-folder.ts";
import { chooseFreePort } from "../../src/stores/postgres/embedded.ts";
import { createIngestStore } from "../../src/stores/postgres/ingest-store.ts";
import { insertModelRun } from "../../src/stores/postgres/model-runs.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { createRegistryStore } from "../../src/stores/postgres/registry-store.ts";
import type { ChildSpec } from "../../src/supervisor/actor.ts";
import { Supervisor } from "../../src/supervisor/supervisor.ts";
import { bodyOf } from "../support/answers.ts";
import { query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { aDirectBody, aWatchBody } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import type { ConfigOverrides } from "../support/fakes/http-services.ts";
import { FEATURE_TABLES } from "../support/feature-tables.ts";
import { actorArgs, aDataDir } from "../support/http-worker.ts";
import { aDirectEvent, planOf } from "../support/plans.ts";

setDefaultTimeout(30_000);

const MODULES = {
  http: () => import("../../src/actors/http.ts"),
  writer: () => import("../../src/actors/writer.ts"),
};

let database: TestDatabase;
let pool: Pool;
let dataDir: ReturnType<typeof aDataDir>;
const trees: Supervisor[] = [];

beforeAll(async () => {
  database = await testDatabase();
  pool = database.pool();
  dataDir = aDataDir();
});
afterAll(async () => {
  dataDir[Symbol.dispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await query(pool, `truncate ${FEATURE_TABLES}, ingested_event, impressions, watches, event_outbox`);
  const seeds = ["i-1", "i-2", "i-3"].map((itemId) =>
    planOf(aDirectEvent({ eventId: `seed-${itemId}`, userId: "u-other", itemId, tsMs: now() })),
  );
  await createIngestStore(pool, systemClock).accept(seeds, Deadline.after(10_000));
});
afterEach(async () => {
  for (const tree of trees.splice(0)) {
    tree.stop("test");
    await tree.exited;
  }
});

const now = () => systemClock.nowMs();

/** Starts the tree of role http with two workers; a client for each. */
async function startTree(overrides: ConfigOverrides = {}) {
  const { config } = actorArgs(database.url, dataDir.path, {
    ...overrides,
    reco: { deadlineMs: 5_000, ...overrides.reco },
    http: { host: "127.0.0.1", workers: 2 },
    database: { initOnStartup: false },
    metrics: { host: "127.0.0.1", port: await chooseFreePort() },
  });
  const spec = describeTree({ ...config, roles: ["http"] }, database.url, null, "");
  const ports = new Map<string, number>();
  const children: ChildSpec[] = [];
  for (const child of spec.children) {
    const args = child.start.args as ActorArgs;
    const port = await chooseFreePort();
    ports.set(child.id, port);
    const own = { ...args, config: { ...args.config, http: { ...args.config.http, port } } };
    children.push({ ...child, isolation: "inline", start: { ...child.start, args: own } });
  }
  const supervisor = new Supervisor({
    spec: { ...spec, children },
    realm: { modules: MODULES },
    clock: systemClock,
    random: seededRandom(7),
    log: { info() {}, warn() {}, error() {} },
  });
  trees.push(supervisor);
  await supervisor.start();
  const client = (id: string) => {
    const url = `http://127.0.0.1:${ports.get(id)}`;
    return {
      itemsFor: async (userId: string) =>
        (await bodyOf(await fetch(`${url}/recommend?user_id=${userId}`))).items,
      reco: async (userId: string, requestId?: string) => {
        const headers: Record<string, string> = requestId ? { "X-Request-ID": requestId } : {};
        return bodyOf(await fetch(`${url}/reco?user_id=${userId}&session_id=s-1&k=200`, { headers }));
      },
      text: async (path: string) => (await fetch(`${url}${path}`)).text(),
      post: (path: string, body: unknown, method = "POST") =>
        fetch(`${url}${path}`, {
          method,
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        }),
    };
  };
  return { supervisor, one: client("http-0"), other: client("http-1") };
}

const impressions = () => query(pool, "select distinct event_id from impressions");

test("a watch acknowledged by one worker is visible in the other", async () => {
  const { one, other } = await startTree();
  expect(await other.itemsFor("u-1")).toContain("i-2");
  const watch = aWatchBody({ event_id: "watch-0001", item_id: "i-2", ts_ms: now() });
  expect((await one.post("/log/watch", watch)).status).toBe(200);
  expect(await one.itemsFor("u-1")).not.toContain("i-2");
  await eventually(async () => expect(await other.itemsFor("u-1")).not.toContain("i-2"));
});

test("a click acknowledged by one worker is visible in the other, though it had cached the history", async () => {
  const { one, other } = await startTree();
  expect(await other.itemsFor("u-1")).toContain("i-3");
  const click = aDirectBody({ event_id: "click-0001", item_id: "i-3", ts: now() });
  expect((await one.post("/event", click)).status).toBe(200);
  await eventually(async () => expect(await other.itemsFor("u-1")).not.toContain("i-3"));
});

test("an item put at one worker is soon in the answers of both, for users whom it fits", async () => {
  const { one, other } = await startTree({
    reco: { policy: "stream-v1", asyncImpressionLogging: false },
  });
  const film = { title: "The Voyage", category: "film", tags: ["space", "robots"] };
  expect((await one.post("/catalog/items/i-1", film, "PUT")).status).toBe(200);
  const click = aDirectBody({ event_id: "click-0002", user_id: "u-fan", item_id: "i-1", ts: now() });
  expect((await one.post("/event", click)).status).toBe(200);
  expect((await other.reco("u-fan")).items?.toSorted()).toEqual(["i-2", "i-3"]);
  await one.post("/catalog/items/i-new", { ...film, title: "The Return" }, "PUT");
  for (const client of [one, other]) {
    await eventually(async () => expect((await client.reco("u-fan")).items).toContain("i-new"));
    expect((await client.reco("u-nobody")).items).not.toContain("i-new");
  }
  const hidden = { ...film, title: "The Return", hidden: true };
  await other.post("/catalog/items/i-new", hidden, "PUT");
  await eventually(async () => expect((await one.reco("u-fan")).items).not.toContain("i-new"));
});

test("the writer stores what both workers showed, and an ordered stop loses none of it", async () => {
  const { supervisor, one, other } = await startTree();
  const asks = Array.from({ length: 60 }, (_, index) => (index % 2 ? one : other).reco(`u-${index}`));
  expect((await Promise.all(asks)).every(({ items }) => items?.length === 3)).toBe(true);
  supervisor.stop("test");
  expect(await supervisor.exited).toEqual({ code: 0, reasons: ["test"] });
  expect(await impressions()).toHaveLength(60);
});

test("a request repeated at another worker is logged once", async () => {
  const { one, other } = await startTree({ reco: { asyncImpressionLogging: false } });
  await one.reco("u-1", "chosen-request-1");
  await other.reco("u-1", "chosen-request-1");
  expect(await impressions()).toHaveLength(1);
});

test("either worker shows the calls and the metrics of the whole tree", async () => {
  const { one, other } = await startTree();
  await one.reco("u-1");
  await other.reco("u-2");
  for (const client of [one, other]) {
    expect(JSON.parse(await client.text("/metrics/reco"))).toMatchObject({ sample_size: 2 });
    await eventually(async () => {
      const text = await client.text("/metrics");
      expect(text).toContain('reco_api_requests_total{status_family="2xx"} 2');
      expect(text).toContain('reco_impression_log_total{outcome="logged"} 2');
    });
  }
});

/** A run that serves beside another as its shadow. */
async function twoRuns(path: string) {
  const log = trainingLogOf(
    ["a x", "a x", "b x", "b y", "a y"].flatMap((story, user) =>
      story.split(" ").map((itemId, place) => ({
        eventId: `taken-${user}-${place}`,
        userId: `taker-${user}`,
        itemId,
        signal: "click" as const,
        tsMs: now() + place,
        origin: "direct" as const,
      })),
    ),
  );
  const [first, second] = ["20260101_000000", "20260102_000000"] as const;
  for (const runId of [first, second]) {
    const trained = train(log, {
      runId,
      texts: new Map(),
      halfLifeHours: 8_760,
      easeMaxRows: 100,
      onStage() {},
    });
    const bundle = encodeModel(trained.model);
    const data = { events: 10, users: 5, items: 4, fromMs: 0, toMs: 1, watermark: "10", leftOut: 0 };
    const documents = runDocuments(trained, bundle, data, now());
    await writeRun(path, runId, bundle, documents);
    const run = {
      runId,
      strategy: trained.model.strategy,
      artifactUri: `runs/${runId}/bundle.bin`,
      artifactSha256: sha256(bundle),
      manifest: documents.get("manifest.json") as object,
      policy: documents.get("decision_policy.json") as object,
    };
    await insertModelRun(pool, run, Deadline.after(10_000));
  }
  const registry = createRegistryStore(pool);
  const change = { slot: "default", runId: first, activate: null, actor: "test" } as const;
  await registry.promote(change, Deadline.after(10_000));
  await registry.setShadow({ runId: second, rollout: 0 }, "test", Deadline.after(10_000));
}

test("what one worker compared of a shadow is in the report of the other, and its model is held once", async () => {
  await twoRuns(dataDir.path);
  const { one, other } = await startTree({ models: { shadowSampleRate: 1 } });
  const report = async () => JSON.parse(await one.text("/models/shadow/report")) as Record<string, unknown>;
  expect(await report()).toMatchObject({ shadow: "shadow:20260102_000000", sample_size: 0 });
  await eventually(
    async () => {
      await other.reco("u-newcomer");
      expect(await report()).toMatchObject({
        primary: "default:20260101_000000",
        shadow_rollout: 0,
        sample_rate: 1,
        overlap_at_k: 1,
        score_psi: 0,
        errors: 0,
      });
    },
    { timeoutMs: 20_000 },
  );
  const metrics = await one.text("/metrics");
  expect(metrics).toMatch(/reco_shadow_latency_ms_count [1-9]/);
  expect(metrics).toMatch(/reco_shadow_overlap_ratio 1/);
  expect(metrics).toMatch(/reco_policy_info{slot="default",run_id="20260101_000000",active="true"} 1/);
  expect(metrics).toMatch(/reco_policy_info{slot="shadow",run_id="\d+_\d+",active="false"} 1/);
  expect(Number(/^reco_model_memory_bytes (\d+)/m.exec(metrics)?.[1])).toBeGreaterThan(100);
});
