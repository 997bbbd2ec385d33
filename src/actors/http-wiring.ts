/** Joins an http worker's parts: who hears of a commit, what is checked, whose samples are merged. */

import { Breaker, dependencyBreaker } from "../core/breaker.ts";
import type { Clock } from "../core/clock.ts";
import type { Deadline } from "../core/deadline.ts";
import { StoreUnavailableError } from "../core/errors.ts";
import type { Interaction } from "../events/model.ts";
import type { FeatureChange } from "../events/ports.ts";
import { mergeSamples, type RecoSampleSet } from "../http/reco-window.ts";
import type { RetrySlates } from "../http/retry-slates.ts";
import type { RecoWindow } from "../http/services.ts";
import { type ShadowReport, shadowReport } from "../recommend/shadow-report.ts";
import type { ShadowSampleSet } from "../recommend/shadow-samples.ts";
import { createIngestStore } from "../stores/postgres/ingest-store.ts";
import { MigrationError } from "../stores/postgres/migration-error.ts";
import { readOutboxSnapshot } from "../stores/postgres/outbox-snapshot.ts";
import { checkSchema } from "../stores/postgres/schema-version.ts";
import type { ActorContext } from "../supervisor/actor.ts";
import { watchBreaker } from "./breaker-metrics.ts";
import type { SignalCounter } from "./catalogue-sharing.ts";
import { HealthMonitor } from "./http-health.ts";
import { createIngestService } from "./http-ingest.ts";
import type { HttpMessage } from "./http-message.ts";
import { type ClosableSlateLog, createSlateLog } from "./http-slates.ts";
import type { Serving, Shared } from "./http-state.ts";
import { guardIngest } from "./ingest-guard.ts";
import type { ModelMessage } from "./model-shelf.ts";
import type { Realm } from "./realm.ts";
import { refusal } from "./refusal.ts";
import type { ActorArgs } from "./tree.ts";
import { ImpressionWriter, type WriterMessage } from "./writer.ts";

/** The supervisor answers surveys after this time at the latest. */
export const SURVEY_MS = 500;
/** A commit that takes longer is no work for a request's deadline. */
const SLOW_WRITE_MS = 2_000;
/** An older event came late, by import or from a client that was away: its age says nothing of reco. */
const LIVE_MS = 300_000;

export interface Memory {
  applied(change: FeatureChange): void;
  /** Heard through the cache that nodes share, whose entries were taken out before. */
  heard(change: FeatureChange): void;
  overlay(interactions: readonly Interaction[]): void;
  receive(message: Exclude<HttpMessage, ModelMessage>): void;
}

/** Everything in this realm that an event makes old. */
export function openMemory(
  { metrics }: Pick<Realm, "metrics">,
  clock: Clock,
  { state, shared }: Serving,
  slates: RetrySlates,
): Memory {
  const latency = metrics.histogram("reco_event_to_recommendation_latency_ms");
  const forget = (change: FeatureChange) => {
    state.apply(change);
    for (const userId of change.userIds) slates.forget(userId);
  };
  const memory: Memory = {
    applied(change) {
      shared?.doubt(change);
      forget(change);
      const ageMs = clock.nowMs() - (change.oldestTsMs ?? Number.NEGATIVE_INFINITY);
      if (ageMs <= LIVE_MS) latency.observe(Math.max(0, ageMs));
    },
    heard: forget,
    overlay(interactions) {
      state.overlayAdd(interactions);
      for (const { userId } of interactions) slates.forget(userId);
    },
    receive(message) {
      switch (message.kind) {
        case "applied":
          return memory.applied(message.change);
        case "overlay":
          return memory.overlay(message.interactions);
        default:
          message satisfies never;
      }
    },
  };
  return memory;
}

/** How this worker makes known what it committed: to itself first, then to its siblings, then to other nodes. */
export interface Announcements {
  applied(change: FeatureChange): void;
  overlay(interactions: readonly Interaction[]): void;
}

export function openAnnouncements(
  context: ActorContext<ActorArgs>,
  memory: Memory,
  shared: Shared | null,
): Announcements {
  const siblings = context.peers<HttpMessage>("http");
  const tell = (message: Exclude<HttpMessage, ModelMessage>) => {
    memory.receive(message);
    for (const sibling of siblings) sibling.offer(message);
  };
  return {
    applied(change) {
      tell({ kind: "applied", change });
      shared?.committed(change);
    },
    overlay: (interactions) => tell({ kind: "overlay", interactions }),
  };
}

export function openIngest(
  context: ActorContext<ActorArgs>,
  realm: Realm,
  announce: Announcements,
  onOutbox: () => void,
  signals: SignalCounter | null,
) {
  const breaker = new Breaker({
    settings: dependencyBreaker(SLOW_WRITE_MS),
    clock: context.clock,
    random: context.random,
    observer: watchBreaker("store_write", realm.metrics, realm.log),
  });
  const store = guardIngest(createIngestStore(realm.pool, context.clock), breaker);
  const ingest = createIngestService({
    store,
    clock: context.clock,
    onApplied: announce.applied,
    onWatches: announce.overlay,
    onOutbox,
    ...(signals && { onSignals: (interactions) => signals.count(interactions) }),
  });
  return { ingest, storeAnswered: store.storeAnswered };
}

export function openInlineWriter(
  context: ActorContext<ActorArgs>,
  realm: Realm,
  onOutbox: () => void,
): ImpressionWriter {
  return new ImpressionWriter({
    store: createIngestStore(realm.pool, context.clock),
    config: context.args.config,
    clock: context.clock,
    metrics: realm.metrics,
    log: realm.log,
    onOutbox,
  });
}

export function openSlateLog(context: ActorContext<ActorArgs>, { metrics, log }: Realm): ClosableSlateLog {
  const { clock, random } = context;
  return createSlateLog({ writer: context.peer<WriterMessage>("writer"), clock, random, metrics, log });
}

/** `storeAnswered` is told to whoever may ask the store again. */
export function openHealth(
  context: ActorContext<ActorArgs>,
  realm: Realm,
  serving: Pick<Serving, "cache">,
  storeAnswered: () => void,
): HealthMonitor {
  return new HealthMonitor({
    clock: context.clock,
    metrics: realm.metrics,
    async ping(timeoutMs) {
      const answered = await realm.pool.ping(timeoutMs);
      if (answered) storeAnswered();
      return answered;
    },
    schemaKnown: (deadline) => isSchemaUsable(context, realm, deadline),
    readOutbox: (deadline) => readOutboxSnapshot(realm.pool, deadline),
    cache: serving.cache,
    loopLagMs: () => realm.loopLag.currentMs(),
  });
}

/** A newer schema may ask for more than this build writes: until the schema is known to admit it, nothing is stored. */
export function onKnownSchema<Args extends unknown[], T>(
  health: HealthMonitor,
  write: (...args: Args) => Promise<T>,
): (...args: Args) => Promise<T> {
  return async (...args) => {
    if (health.view().schemaKnown) return write(...args);
    throw new StoreUnavailableError("read_only", "the schema is not known to admit writes of this build");
  };
}

/** A schema that this build must not even read ends the tree: no wait can mend it. */
async function isSchemaUsable(context: ActorContext, realm: Realm, deadline: Deadline): Promise<boolean> {
  try {
    return (await checkSchema(realm.pool, deadline)) === "usable";
  } catch (error) {
    if (error instanceof MigrationError) context.fail(refusal(error));
    throw error;
  }
}

/** What all workers of the tree found of the two policies that this one has loaded; null without a shadow. */
export async function mergeShadow(
  context: ActorContext<ActorArgs>,
  { comparison }: Pick<Serving, "comparison">,
): Promise<ShadowReport | null> {
  const own = comparison.samples?.set();
  if (own === undefined) return null;
  const answers = await context.survey("shadow", SURVEY_MS);
  const sets = answers.map(({ answer }) => answer as ShadowSampleSet | null | undefined);
  return shadowReport(
    sets.filter(
      (set) => set != null && set.primary === own.primary && set.shadow === own.shadow,
    ) as ShadowSampleSet[],
  );
}

export async function mergeWindows(context: ActorContext<ActorArgs>): Promise<RecoWindow> {
  const answers = await context.survey("reco-window", SURVEY_MS);
  const sets = answers.map(({ answer }) => answer as RecoSampleSet | null | undefined);
  return mergeSamples(
    sets.filter((set) => set != null),
    context.args.config.reco,
  );
}
