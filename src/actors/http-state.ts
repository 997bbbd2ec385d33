/** Builds what an http worker answers from: the readers behind their breakers, the serving state, the recommender. */

import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { Breaker, dependencyBreaker } from "../core/breaker.ts";
import type { Clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import type { FeatureChange } from "../events/ports.ts";
import type { CacheSnapshot } from "../http/services.ts";
import {
  createCatalogueRecommender,
  type InstallableCatalogue,
  TRENDING_READ_MS,
} from "../recommend/catalogue/recommender.ts";
import { trendingCounts } from "../recommend/catalogue/trending-counts.ts";
import { createRecommender, type InstallableRecommender } from "../recommend/engine.ts";
import { guardCatalogueReader, guardReader } from "../recommend/guarded-reader.ts";
import type { ServingObserver } from "../recommend/ports.ts";
import { ServingState } from "../recommend/serving-state.ts";
import { ShadowComparison } from "../recommend/shadow-comparison.ts";
import { SharedInvalidation } from "../recommend/shared-invalidation.ts";
import { type SharedReader, shareReads } from "../recommend/shared-reader.ts";
import { popularSnapshotFile } from "../stores/files/popular-snapshot-file.ts";
import { createCatalogueReader } from "../stores/postgres/catalogue-reader.ts";
import { createFeatureReader } from "../stores/postgres/feature-reader.ts";
import type { RedisCatalogue } from "../stores/redis/catalogue-store.ts";
import type { RedisCache } from "../stores/redis/shared-cache.ts";
import type { ActorContext } from "../supervisor/actor.ts";
import { watchBreaker } from "./breaker-metrics.ts";
import type { Realm } from "./realm.ts";
import type { ActorArgs } from "./tree.ts";

/** A read goes on this long for the cache after its request stopped waiting. */
const READ_TIMEOUT_MS = 500;
const SLOW_READ_MS = 100;
const BREAKER_NAME = "store_read";

/** The word of changes on its way between this worker and the cache that nodes share. */
export interface Shared extends Disposable {
  /** A commit of this worker: entries are taken out, and all nodes told. */
  committed(change: FeatureChange): void;
  /** A commit of this tree, of which the cache may not know yet. */
  doubt(change: FeatureChange): void;
}

export interface Serving {
  readonly state: ServingState;
  readonly recommender: InstallableRecommender;
  readonly catalogue: InstallableCatalogue;
  readonly comparison: ShadowComparison;
  /** Null where each tree remembers for itself. */
  readonly shared: Shared | null;
  readonly cache: () => CacheSnapshot;
  /** The store answered a ping: an open breaker may probe. */
  readonly storeAnswered: () => void;
}

export function openServing(
  context: ActorContext<ActorArgs>,
  realm: Realm,
  cache: RedisCache | null,
  sharedCatalogue: RedisCatalogue | null,
): Serving {
  const { config } = context.args;
  const { clock } = context;
  const observer = observe(realm);
  const breaker = new Breaker({
    settings: dependencyBreaker(SLOW_READ_MS),
    clock,
    random: context.random,
    observer: watchBreaker(BREAKER_NAME, realm.metrics, realm.log),
  });
  const store = guardReader(createFeatureReader(realm.pool), breaker);
  const settings = {
    ...config.cache,
    policy: config.reco.policy,
    cacheEnabled: config.cache.enabled,
    seenMax: config.reco.seenMax,
    readTimeoutMs: READ_TIMEOUT_MS,
  };
  const catalogueReader = guardCatalogueReader(createCatalogueReader(realm.pool), breaker);
  const newDeadline = () => Deadline.after(TRENDING_READ_MS, clock);
  const shared = cache && openShared(cache, shareReads({ store, cache, clock, settings }), clock);
  const state = new ServingState({
    reader: shared?.reader ?? store,
    snapshots: popularSnapshotFile({
      dir: join(config.dataDir, "snapshots"),
      writerId: context.id,
      onRefused: (path, problem) => realm.log.warn({ path, problem }, "snapshot.refused"),
    }),
    settings,
    clock,
    observer,
    readTrending: (timeframe, limit) =>
      trendingCounts({ reader: catalogueReader, sets: sharedCatalogue, newDeadline }, timeframe, limit),
  });
  const comparison = openComparison(context, realm);
  return {
    state,
    recommender: createRecommender({ state, clock, observer, comparison }),
    comparison,
    catalogue: createCatalogueRecommender({
      state,
      reader: catalogueReader,
      shared: sharedCatalogue,
      clock,
      observer,
      readTimeoutMs: READ_TIMEOUT_MS,
      cacheEnabled: config.cache.enabled,
    }),
    shared,
    cache: () => describeCache(state, config.cache, cache),
    storeAnswered: () => breaker.pingSucceeded(),
  };
}

/** Well before requests are refused, which is at a fifth of their deadline. */
const BUSY_SHARE = 0.05;

function openComparison(context: ActorContext<ActorArgs>, { metrics, loopLag }: Realm): ShadowComparison {
  const { reco, models } = context.args.config;
  const latency = metrics.histogram("reco_shadow_latency_ms");
  return new ShadowComparison({
    clock: context.clock,
    random: context.random,
    sampleRate: models.shadowSampleRate,
    isBusy: () => loopLag.currentMs() > BUSY_SHARE * reco.deadlineMs,
    onCompared(overlap, shadowMs) {
      metrics.gauge("reco_shadow_overlap_ratio").set(overlap);
      latency.observe(shadowMs);
    },
  });
}

function observe({ metrics, log }: Realm): ServingObserver {
  return {
    late: (endpoint, operation) =>
      metrics.counter("recommendation_timeouts_total", { endpoint, operation }).inc(),
    recalled: (channel, items) =>
      metrics.histogram("recall_candidates_count", { recall_type: channel }).observe(items),
    failed: (what, error) =>
      log.error({ what, error_type: error.name, error_message: error.message }, "serving.failed"),
  };
}

function openShared(cache: RedisCache, reads: SharedReader, clock: Clock): Shared & SharedReader {
  const invalidation = new SharedInvalidation(cache, clock);
  return {
    ...reads,
    committed: (change) => invalidation.apply(change),
    [Symbol.dispose]: () => invalidation[Symbol.dispose](),
  };
}

/** Look-ups are counted where requests make them, in memory; errors wherever they happen. */
function describeCache(
  state: ServingState,
  { enabled, redis, strict }: Config["cache"],
  cache: RedisCache | null,
): CacheSnapshot {
  const memory = state.statistics();
  const remote = cache?.status() ?? { isUp: false, errors: 0, lastError: null };
  const isMissing = cache !== null && !remote.isUp;
  const fallback = strict ? "redis_unavailable" : "memory_fallback";
  return {
    enabled,
    configured_backend: redis === null ? "memory" : "redis",
    active_backend: !enabled ? "disabled" : cache === null ? "memory" : isMissing ? fallback : "redis",
    ready: !(isMissing && strict),
    strict_backend: strict,
    redis_client_available: remote.isUp,
    hits: memory.hits,
    misses: memory.misses,
    errors: memory.errors + remote.errors,
    size: memory.size,
    last_error: remote.lastError ?? memory.lastError,
  };
}
