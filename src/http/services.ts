/** Everything a route may touch, handed in as arguments. */

import type { ItemStore, UserStore } from "../catalog/ports.ts";
import type { Config } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { Deadline } from "../core/deadline.ts";
import type { Random } from "../core/random.ts";
import type { ImpressionEvent } from "../events/model.ts";
import type { IngestOutcome, IngestPlan, OutboxSnapshot } from "../events/ports.ts";
import type { ModelRegistry } from "../models/registry.ts";
import type { CatalogueRecommender } from "../recommend/catalogue/request.ts";
import type { PagedLists } from "../recommend/ports.ts";
import type { Recommender } from "../recommend/recommender.ts";
import type { ShadowReport } from "../recommend/shadow-report.ts";
import type { AnsweredSlate } from "../recommend/slates/new-slate.ts";
import type { RunModels } from "../recommend/slates/replay-policy.ts";
import type { SlateStore } from "../recommend/slates/slate.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";

export interface IngestService {
  /** Commits the plans as one unit, then applies their effects on serving state. Errors as IngestStore. */
  accept(plans: readonly IngestPlan[], deadline: Deadline): Promise<readonly IngestOutcome[]>;
}

/** Hands the slate's impression to the writer, or stores it inline, as configured. Never rejects: failures are counted. */
export interface ImpressionLog {
  record(impression: ImpressionEvent, deadline: Deadline): Promise<void>;
}

/** Gets served slates stored once their answers have gone out. Never waits and never throws: drops are counted. */
export interface SlateLog {
  offer(slate: AnsweredSlate): void;
}

export interface CacheSnapshot {
  readonly enabled: boolean;
  readonly configured_backend: string;
  readonly active_backend: "memory" | "redis" | "memory_fallback" | "redis_unavailable" | "disabled";
  readonly ready: boolean;
  readonly strict_backend: boolean;
  readonly redis_client_available: boolean;
  readonly hits: number;
  readonly misses: number;
  readonly errors: number;
  readonly size: number;
  readonly last_error: string | null;
}

/** What health routes answer from; refreshed in the background, read without waiting. */
export interface HealthView {
  readonly db: boolean;
  readonly schemaKnown: boolean;
  readonly started: boolean;
  readonly draining: boolean;
  readonly eventLoopLagMs: number;
  readonly uptimeMs: number;
  /** Null when the store check fails; an error text when only the snapshot fails. */
  readonly outbox: OutboxSnapshot | { readonly error: string } | null;
  readonly cache: CacheSnapshot;
}

export interface BaselineMetrics {
  readonly window_days: number;
  readonly requests: number;
  readonly impressions: number;
  readonly watches: number;
  readonly watched_impressions: number;
  readonly impressions_at_20: number;
  readonly watched_impressions_at_20: number;
  readonly ctr_at_20_pct: number;
  readonly avg_watch_time_sec: number;
  readonly catalog_coverage_at_20_pct: number;
}

export interface AnalyticsReader {
  /** KPI counts of the last `days` days by event time. Throws StoreUnavailableError. */
  baseline(days: number, deadline: Deadline): Promise<BaselineMetrics>;
}

export interface RecoWindow {
  readonly statuses: readonly number[];
  readonly latenciesMs: readonly number[];
}

export interface LoadedModel {
  /** Of a built-in policy its name. */
  readonly runId: string;
  /** As answers name the policy. */
  readonly policy: string;
  readonly loadedAtMs: number;
  readonly artifacts: readonly string[];
}

export interface LoadedModels {
  readonly primary: LoadedModel;
  readonly shadow: LoadedModel | null;
  /** Why what is promoted does not serve here; null when it does, or nothing is promoted. */
  readonly failure: string | null;
}

export interface HttpServices {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly ingest: IngestService;
  readonly impressions: ImpressionLog;
  /** Null where no slates are stored. */
  readonly slateLog: SlateLog | null;
  readonly slates: Pick<SlateStore, "find" | "standing">;
  readonly runModels: RunModels;
  readonly recommender: Recommender;
  readonly catalogue: CatalogueRecommender;
  readonly pagedLists: PagedLists;
  readonly items: ItemStore;
  /** What it changes is seen by the next answer of this tree. */
  readonly users: UserStore;
  readonly analytics: AnalyticsReader;
  readonly registry: ModelRegistry;
  /** What this worker answers by. */
  loadedModels(): LoadedModels;
  /** What comparing the loaded shadow with what serves has shown, over all http workers of the tree; null without one. */
  shadowReport(): Promise<ShadowReport | null>;
  /** The snapshot as it is now. */
  health(): HealthView;
  /** Prometheus text of the whole tree. */
  metricsText(): Promise<string>;
  /** `/reco` calls of the last window, over all http workers of the tree. */
  recoWindow(): Promise<RecoWindow>;
  /** Records one `/reco` call of this worker. */
  recordReco(status: number, latencyMs: number): void;
}
