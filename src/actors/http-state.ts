/** Builds what an http worker answers from: the reader behind its breaker, the serving state, the recommender. */

import { join } from "node:path";
import { Breaker, type BreakerObserver, dependencyBreaker } from "../core/breaker.ts";
import type { CacheSnapshot } from "../http/services.ts";
import { createRecommender } from "../recommend/engine.ts";
import { guardReader } from "../recommend/guarded-reader.ts";
import type { ServingObserver } from "../recommend/ports.ts";
import type { Recommender } from "../recommend/recommender.ts";
import { ServingState } from "../recommend/serving-state.ts";
import { popularSnapshotFile } from "../stores/files/popular-snapshot-file.ts";
import { createFeatureReader } from "../stores/postgres/feature-reader.ts";
import type { ActorContext } from "../supervisor/actor.ts";
import type { Realm } from "./realm.ts";
import type { ActorArgs } from "./tree.ts";

/** A read goes on this long for the cache after its request stopped waiting. */
const READ_TIMEOUT_MS = 500;
const SLOW_READ_MS = 100;
const BREAKER_NAME = "store_read";

export interface Serving {
  readonly state: ServingState;
  readonly recommender: Recommender;
  readonly cache: () => CacheSnapshot;
  /** The store answered a ping: an open breaker may probe. */
  readonly storeAnswered: () => void;
}

export function openServing(context: ActorContext<ActorArgs>, realm: Realm): Serving {
  const { config } = context.args;
  const { clock } = context;
  const observer = observe(realm);
  const breaker = new Breaker({
    settings: dependencyBreaker(SLOW_READ_MS),
    clock,
    random: context.random,
    observer: watchBreaker(realm),
  });
  const state = new ServingState({
    reader: guardReader(createFeatureReader(realm.pool), breaker),
    snapshots: popularSnapshotFile({
      dir: join(config.dataDir, "snapshots"),
      writerId: context.id,
      onRefused: (path, problem) => realm.log.warn({ path, problem }, "snapshot.refused"),
    }),
    settings: {
      ...config.cache,
      policy: config.reco.policy,
      cacheEnabled: config.cache.enabled,
      seenMax: config.reco.seenMax,
      readTimeoutMs: READ_TIMEOUT_MS,
    },
    clock,
    observer,
  });
  return {
    state,
    recommender: createRecommender({ state, clock, observer }),
    cache: () => describeCache(state, config.cache.enabled),
    storeAnswered: () => breaker.pingSucceeded(),
  };
}

function observe({ metrics, log }: Realm): ServingObserver {
  return {
    late: (endpoint, operation) =>
      metrics.counter("recommendation_timeouts_total", { endpoint, operation }).inc(),
    failed: (what, error) =>
      log.error({ what, error_type: error.name, error_message: error.message }, "serving.failed"),
  };
}

function watchBreaker({ metrics, log }: Realm): BreakerObserver {
  const state = metrics.gauge("circuit_breaker_state", { breaker_name: BREAKER_NAME });
  const failures = metrics.counter("circuit_breaker_failures_total", { breaker_name: BREAKER_NAME });
  state.set(0);
  return {
    failed: () => failures.inc(),
    moved(to) {
      state.set(to === "closed" ? 0 : 1);
      metrics.counter("reco_breaker_transitions_total", { breaker_name: BREAKER_NAME, to }).inc();
      log.warn({ breaker: BREAKER_NAME, to }, "breaker.moved");
    },
  };
}

function describeCache(state: ServingState, enabled: boolean): CacheSnapshot {
  const { hits, misses, errors, size, lastError } = state.statistics();
  return {
    enabled,
    configured_backend: "memory",
    active_backend: enabled ? "memory" : "disabled",
    ready: true,
    strict_backend: false,
    redis_client_available: false,
    hits,
    misses,
    errors,
    size,
    last_error: lastError,
  };
}
