/** The app over services that live in memory, with everything they saw open to a test. */

import type { Hono } from "hono";
import { buildConfig } from "../../../src/config/build-config.ts";
import { type Config, ROLES } from "../../../src/config/config.ts";
import { parseValues } from "../../../src/config/parse-values.ts";
import { seededRandom } from "../../../src/core/random.ts";
import type { ImpressionEvent } from "../../../src/events/model.ts";
import type { IngestOutcome, IngestPlan } from "../../../src/events/ports.ts";
import { createApp } from "../../../src/http/app.ts";
import { RetrySlates } from "../../../src/http/retry-slates.ts";
import type { HttpEnv } from "../../../src/http/route.ts";
import type { BaselineMetrics, HealthView, HttpServices, RecoWindow } from "../../../src/http/services.ts";
import { createRegistry } from "../../../src/models/registry.ts";
import type {
  CatalogueAnswer,
  CatalogueRequest,
  TrendingAnswer,
} from "../../../src/recommend/catalogue/request.ts";
import type { Page } from "../../../src/recommend/paged-list.ts";
import type { PagedLists } from "../../../src/recommend/ports.ts";
import type { RecoAnswer, RecoRequest } from "../../../src/recommend/recommender.ts";
import type { ShadowReport } from "../../../src/recommend/shadow-report.ts";
import type { AnsweredSlate } from "../../../src/recommend/slates/new-slate.ts";
import type { ItemStanding, SlateStore } from "../../../src/recommend/slates/slate.ts";
import type { TrainedModel } from "../../../src/recommend/trained-model.ts";
import type { Logger } from "../../../src/telemetry/logger.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import type { Labels } from "../../../src/telemetry/metrics-types.ts";
import { type ManualClock, manualClock } from "../manual-clock.ts";
import { fakeItems, fakeUsers } from "./catalog-stores.ts";
import { fakePagedLists } from "./paged-lists.ts";
import { type FakeRegistry, fakeRegistry } from "./registry.ts";
import { fakeSlates } from "./slate-store.ts";

/** A group of settings may be given in part. */
export type ConfigOverrides = { readonly [Key in keyof Config]?: Partial<Config[Key]> };

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What the fakes answer, changed by a test as it goes, and what they were asked. */
export interface FakeState {
  health: HealthView;
  window: RecoWindow;
  baseline: BaselineMetrics;
  answer: RecoAnswer;
  titles: ReadonlyMap<string, string | null>;
  besideAnswer: CatalogueAnswer;
  trendingAnswer: TrendingAnswer;
  readonly askedBeside: CatalogueRequest[];
  readonly askedTrending: { readonly timeframe: string; readonly limit: number }[];
  /** Items that came to be hidden. */
  readonly hidden: Set<string>;
  metricsText: string;
  /** Runs inside every call of the store, before it does anything: a throw fails the call, a promise delays it. */
  store: () => Promise<void>;
  shadowReport: ShadowReport | null;
  /** Why the promoted model does not serve. */
  modelFailure: string | null;
  /** Where calls come from. */
  peer: string | null;
  readonly plans: IngestPlan[];
  readonly asked: { readonly route: "reco" | "nextPage" | "recommend"; readonly request: RecoRequest }[];
  /** Pages asked for; null for a list that could not be read. */
  readonly pages: (Page | null)[];
  readonly impressions: ImpressionEvent[];
  readonly served: AnsweredSlate[];
  readonly standings: Map<string, ItemStanding>;
  /** Runs whose models a replay finds. */
  readonly replayable: Map<string, TrainedModel | "not_retained">;
  readonly days: number[];
  readonly recorded: { readonly status: number; readonly latencyMs: number }[];
  readonly lines: LogLine[];
}

export interface FakeHttp extends FakeState {
  readonly models: FakeRegistry;
  readonly app: Hono<{ Bindings: HttpEnv }>;
  readonly services: HttpServices;
  readonly slates: RetrySlates;
  readonly slateStore: SlateStore;
  readonly clock: ManualClock;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Sends `body` as JSON. */
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** A counter's or gauge's value, or a histogram's number of observations; 0 when nothing was counted. */
  metric(name: string, labels?: Labels): number;
}

export const NOW_MS = 1_767_225_600_000;

/** Workers that share `pagedLists` continue each other's lists. */
export function fakeHttp(overrides: ConfigOverrides = {}, pagedLists?: PagedLists): FakeHttp {
  const clock = manualClock(NOW_MS);
  const metrics = createMetrics();
  const state = fakeState();
  const models = fakeRegistry(["20260101_000000", "20260102_000000"]);
  const ledger = new Map<string, string>();
  const slateStore = fakeSlates(clock, 7, state.standings);
  const services: HttpServices = {
    config: testConfig(overrides),
    clock,
    random: seededRandom(1),
    log: recordingLog(state.lines),
    metrics,
    ingest: {
      async accept(plans) {
        await state.store();
        state.plans.push(...plans);
        return plans.map((plan) => remember(ledger, plan));
      },
    },
    impressions: {
      async record(impression) {
        state.impressions.push(impression);
      },
    },
    slates: {
      async find(requestId, deadline) {
        await state.store();
        return slateStore.find(requestId, deadline);
      },
      standing: (itemId, deadline) => slateStore.standing(itemId, deadline),
    },
    runModels: { load: async (runId) => state.replayable.get(runId) ?? "unknown" },
    slateLog: { offer: (slate) => void state.served.push(slate) },
    recommender: {
      async reco(request) {
        state.asked.push({ route: "reco", request });
        return firstOf(state.answer, request.k);
      },
      async nextPage(page, request) {
        state.pages.push(page);
        state.asked.push({ route: "nextPage", request });
        return firstOf({ ...state.answer, page: page && state.answer.page }, request.k);
      },
      async recommend(request) {
        state.asked.push({ route: "recommend", request });
        return firstOf(state.answer, request.k);
      },
      mayShow: (_, itemIds) => !itemIds.some((itemId) => state.hidden.has(itemId)),
      titles: async () => state.titles,
    },
    catalogue: {
      async beside(request) {
        state.askedBeside.push(request);
        const { items, ...rest } = state.besideAnswer;
        return { ...rest, items: items.slice(0, request.limit) };
      },
      async trending(timeframe, limit) {
        state.askedTrending.push({ timeframe, limit });
        return { ...state.trendingAnswer, items: state.trendingAnswer.items.slice(0, limit) };
      },
    },
    pagedLists: pagedLists ?? fakePagedLists({ store: () => state.store() }, clock),
    items: fakeItems(state),
    users: fakeUsers(state),
    registry: createRegistry({ ...models, clock }),
    loadedModels: () => ({
      primary: { runId: "rules-v1", policy: "builtin:rules-v1", loadedAtMs: NOW_MS, artifacts: [] },
      shadow: null,
      failure: state.modelFailure,
    }),
    shadowReport: async () => state.shadowReport,
    analytics: {
      async baseline(days) {
        await state.store();
        state.days.push(days);
        return { ...state.baseline, window_days: days };
      },
    },
    health: () => state.health,
    metricsText: async () => state.metricsText,
    recoWindow: async () => state.window,
    recordReco: (status, latencyMs) => void state.recorded.push({ status, latencyMs }),
  };
  const slates = new RetrySlates(clock);
  const app = createApp(services, slates);
  const env: HttpEnv = { peerAddress: () => state.peer };
  return Object.assign(state, {
    app,
    models,
    services,
    slates,
    slateStore,
    clock,
    get: async (path: string, headers: Record<string, string> = {}) => app.request(path, { headers }, env),
    send: async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
      app.request(
        path,
        {
          method,
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
        },
        env,
      ),
    post: async (path: string, body: unknown, headers: Record<string, string> = {}) =>
      app.request(
        path,
        {
          method: "POST",
          body: JSON.stringify(body),
          headers: { "Content-Type": "application/json", ...headers },
        },
        env,
      ),
    metric(name: string, labels: Labels = {}) {
      const wanted = JSON.stringify(Object.entries(labels).sort());
      const found = metrics
        .snapshot()
        .series.find(
          (series) => series.name === name && JSON.stringify(Object.entries(series.labels).sort()) === wanted,
        );
      return found?.values.at(-1) ?? 0;
    },
  });
}

/** The defaults of a test environment with all roles; groups may be given in part. */
export function testConfig(overrides: ConfigOverrides = {}): Config {
  const defaults = buildConfig(parseValues({ env: { APP_ENV: "test" } }).values, ROLES);
  const groups = Object.entries(defaults).map(([name, group]) => {
    const given = overrides[name as keyof Config];
    return [
      name,
      typeof group === "object" && !Array.isArray(group) && given ? { ...group, ...Object(given) } : group,
    ];
  });
  return Object.fromEntries(groups) as Config;
}

function remember(ledger: Map<string, string>, { event, bodyHash }: IngestPlan): IngestOutcome {
  const key = `${event.kind} ${event.eventId}`;
  const hash = Buffer.from(bodyHash).toString("hex");
  const known = ledger.get(key);
  ledger.set(key, known ?? hash);
  if (known === undefined) return "accepted";
  return known === hash ? "duplicate" : "conflict";
}

/** A logger whose lines land in `lines`. */
export function recordingLog(lines: LogLine[], base: object = {}): Logger {
  const at = (level: LogLine["level"]) => (fields: object, event: string) =>
    void lines.push({ level, event, fields: { ...base, ...fields } });
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    serialised(level, members, event) {
      at(level)(JSON.parse(`{${members}}`) as object, event);
    },
    child: (fields) => recordingLog(lines, { ...base, ...fields }),
  };
}

const RULES_LABEL = { name: "builtin:rules-v1", variant: "primary" } as const;

/** `n` items with falling scores, as `rules-v1` answers them. */
export function anAnswer(n: number, overrides: Partial<RecoAnswer> = {}): RecoAnswer {
  return {
    list: {
      itemIds: Array.from({ length: n }, (_, index) => `item-${index}`),
      scores: Float64Array.from({ length: n }, (_, index) => 1 / (index + 1)),
      sources: ["popularity"],
      sourceScores: Float64Array.from({ length: n }, (_, index) => 1 / (index + 1)),
    },
    label: RULES_LABEL,
    modelVersion: "rules-v1",
    strategy: "co_vis_popularity_hybrid",
    degraded: null,
    exploration: null,
    page: null,
    timingsMs: { retrieval: 1.23456, ranking: 0.5, diversity: 0, exploration: 0 },
    ...overrides,
  };
}

const catalogueItem = (itemId: string) => ({
  itemId,
  title: `Title of ${itemId}`,
  price: 9.5,
  coverImage: null,
});

function fakeState(): FakeState {
  return {
    health: {
      db: true,
      schemaKnown: true,
      started: true,
      draining: false,
      eventLoopLagMs: 0.5,
      uptimeMs: 12_345.678,
      outbox: { pending: 1, publishing: 2, published: 3, dead: 4, oldestLagMs: 5 },
      cache: {
        enabled: true,
        configured_backend: "memory",
        active_backend: "memory",
        ready: true,
        strict_backend: false,
        redis_client_available: false,
        hits: 7,
        misses: 8,
        errors: 0,
        size: 9,
        last_error: null,
      },
    },
    window: { statuses: [], latenciesMs: [] },
    baseline: {
      window_days: 7,
      requests: 10,
      impressions: 200,
      watches: 20,
      watched_impressions: 19,
      impressions_at_20: 200,
      watched_impressions_at_20: 19,
      ctr_at_20_pct: 9.5,
      avg_watch_time_sec: 35.123456,
      catalog_coverage_at_20_pct: 61.5,
    },
    answer: anAnswer(30),
    titles: new Map(),
    besideAnswer: {
      items: Array.from({ length: 60 }, (_, index) => ({
        ...catalogueItem(`item-${index}`),
        score: 1 / (index + 1),
        reason: "behavior+tags",
        propensity: 1,
      })),
      algorithmVersion: "rules-v1",
      label: RULES_LABEL,
      variant: "primary",
      degraded: null,
    },
    trendingAnswer: {
      items: Array.from({ length: 120 }, (_, index) => catalogueItem(`item-${index}`)),
      degraded: null,
    },
    askedBeside: [],
    askedTrending: [],
    hidden: new Set(),
    metricsText: "# HELP up Up.\n",
    store: async () => {},
    modelFailure: null,
    shadowReport: null,
    peer: "127.0.0.1",
    plans: [],
    asked: [],
    impressions: [],
    served: [],
    standings: new Map(),
    replayable: new Map(),
    pages: [],
    days: [],
    recorded: [],
    lines: [],
  };
}

function firstOf(answer: RecoAnswer, k: number): RecoAnswer {
  const { list } = answer;
  return { ...answer, list: { ...list, itemIds: list.itemIds.slice(0, k) } };
}
