/** reco's whole http layer around a recommender that answers a constant list: what the way there and back costs. */

import { buildConfig } from "../../src/config/build-config.ts";
import { ROLES } from "../../src/config/config.ts";
import { parseValues } from "../../src/config/parse-values.ts";
import { systemClock } from "../../src/core/clock.ts";
import { systemRandom } from "../../src/core/random.ts";
import { createApp } from "../../src/http/app.ts";
import { createRecoSamples } from "../../src/http/reco-window.ts";
import type { HttpEnv } from "../../src/http/route.ts";
import type { HealthView } from "../../src/http/services.ts";
import type { RecoAnswer } from "../../src/recommend/recommender.ts";
import { createLogger } from "../../src/telemetry/create-logger.ts";
import { openLogOutput } from "../../src/telemetry/log-output.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { itemName } from "../data/names.ts";

const ANSWER: RecoAnswer = {
  list: {
    itemIds: Array.from({ length: 20 }, (_, index) => itemName(1_000 + index)),
    scores: new Float64Array(20),
    sources: [],
    sourceScores: new Float64Array(0),
  },
  label: { name: "builtin:rules-v1", variant: "primary" },
  modelVersion: "rules-v1",
  strategy: "co_vis_popularity_hybrid",
  degraded: null,
  exploration: null,
  page: null,
  timingsMs: { retrieval: 0.1, ranking: 0.1, diversity: 0, exploration: 0 },
};
const HEALTH: HealthView = {
  db: true,
  schemaKnown: true,
  started: true,
  draining: false,
  eventLoopLagMs: 0,
  uptimeMs: 0,
  outbox: null,
  cache: {
    enabled: true,
    configured_backend: "memory",
    active_backend: "memory",
    ready: true,
    strict_backend: false,
    redis_client_available: false,
    hits: 0,
    misses: 0,
    errors: 0,
    size: 0,
    last_error: null,
  },
};
const unused = () => Promise.reject(new Error("not part of the measured path"));

const config = buildConfig(parseValues({ env: process.env }).values, ROLES);
const samples = createRecoSamples(config.reco, systemClock);
const output = openLogOutput(() => {});
const app = createApp({
  config,
  clock: systemClock,
  random: systemRandom,
  log: createLogger({
    format: config.log.format,
    level: config.log.level,
    environment: config.environment,
    component: "api",
    name: "http-0",
    clock: systemClock,
    output,
  }),
  metrics: createMetrics(),
  ingest: { accept: unused },
  impressions: { record: unused },
  slateLog: null,
  slates: { find: unused, standing: unused },
  runModels: { load: unused },
  recommender: {
    reco: async () => ANSWER,
    nextPage: unused,
    recommend: unused,
    mayShow: () => true,
    titles: unused,
  },
  pagedLists: { keep: unused, find: unused },
  catalogue: { beside: unused, trending: unused },
  items: { upsert: unused, get: unused, list: unused, hide: unused },
  users: { put: unused, get: unused, hideItem: unused, showItem: unused, merge: unused },
  analytics: { baseline: unused },
  registry: {
    admit: unused,
    state: unused,
    runs: unused,
    find: unused,
    reload: unused,
    promote: unused,
    rollback: unused,
    loadShadow: unused,
    setRollout: unused,
    promoteShadow: unused,
  },
  loadedModels: () => ({
    primary: { runId: "rules-v1", policy: "builtin:rules-v1", loadedAtMs: 0, artifacts: [] },
    shadow: null,
    failure: null,
  }),
  health: () => HEALTH,
  metricsText: unused,
  recoWindow: unused,
  shadowReport: unused,
  recordReco: (status, latencyMs) => samples.record(status, latencyMs),
});
const env: HttpEnv = { peerAddress: (request) => server.requestIP(request)?.address ?? null };
const server = Bun.serve({
  hostname: config.http.host,
  port: config.http.port,
  reusePort: true,
  idleTimeout: 10,
  fetch: (request) => app.fetch(request, env),
});
