/** The http actor: one socket, one app, and the serving state behind it. */

import { Deadline } from "../core/deadline.ts";
import { failpoint } from "../core/failpoint.ts";
import { newUuidHex } from "../core/ids.ts";
import { createApp } from "../http/app.ts";
import { createRecoSamples } from "../http/reco-window.ts";
import { RetrySlates } from "../http/retry-slates.ts";
import type { HttpEnv } from "../http/route.ts";
import type { HttpServices } from "../http/services.ts";
import { rehearse } from "../recommend/rehearsal.ts";
import { createAnalyticsReader } from "../stores/postgres/analytics-reader.ts";
import { createSlateStore } from "../stores/postgres/slate-store.ts";
import type { Actor, ActorContext } from "../supervisor/actor.ts";
import { openChannelWeights, openSharedCatalogue } from "./catalogue-sharing.ts";
import { exportCache } from "./http-cache-metrics.ts";
import { openItems, openPagedLists, openUsers } from "./http-catalog.ts";
import { createImpressionLog } from "./http-impressions.ts";
import type { HttpMessage } from "./http-message.ts";
import { openModels } from "./http-models.ts";
import { openServing } from "./http-state.ts";
import {
  mergeShadow,
  mergeWindows,
  onKnownSchema,
  openAnnouncements,
  openHealth,
  openIngest,
  openInlineWriter,
  openMemory,
  openSlateLog,
  SURVEY_MS,
} from "./http-wiring.ts";
import { openRealm } from "./realm.ts";
import { hearChanges, openSharedCache } from "./shared-cache.ts";
import type { ActorArgs } from "./tree.ts";
import { renderTreeMetrics } from "./tree-metrics.ts";
import { wakeRelay } from "./wake-relay.ts";
import { openRemoteWaker } from "./wake-ups.ts";
import type { WriterMessage } from "./writer.ts";

/** Before the first answer; later the fallback ladder covers what is missing. */
const WARM_UP_MS = 10_000;
/** While the store does not answer: what it holds does not come in that time either. */
const WARM_UP_WITHOUT_STORE_MS = 2_500;
/** A header or body that trickles in is cut off after this many seconds of silence. */
const IDLE_TIMEOUT_SEC = 10;
/** Requests in flight get this long at a stop; then their connections are closed. */
const FINISH_REQUESTS_MS = 5_000;

export async function start(context: ActorContext<ActorArgs>): Promise<Actor<HttpMessage>> {
  const { config } = context.args;
  const realm = openRealm(context, "api");
  const cache = await openSharedCache(context, realm);
  const waker = await openRemoteWaker(context, realm, "reco:outbox");
  const wake = wakeRelay(context, waker);
  const sharedCatalogue = await openSharedCatalogue(context, realm);
  const serving = openServing(context, realm, cache, sharedCatalogue);
  const weights = openChannelWeights(config, serving.catalogue, realm.log);
  const slates = new RetrySlates(context.clock);
  const samples = createRecoSamples(config.reco, context.clock);
  const memory = openMemory(realm, context.clock, serving, slates);
  const hearing = await hearChanges(context, realm, memory.heard, () => serving.state.forget());
  const announce = openAnnouncements(context, memory, serving.shared);
  const { ingest, storeAnswered } = openIngest(context, realm, announce, wake, sharedCatalogue);
  const inline = openInlineWriter(context, realm, wake);
  const health = openHealth(context, realm, serving, () => {
    serving.storeAnswered();
    storeAnswered();
  });
  const models = openModels(context, realm, {
    install(installed) {
      serving.recommender.install(installed);
      serving.catalogue.install(installed);
      void weights.refresh();
    },
  });
  const slateLog = config.retention.slateDays === 0 ? null : openSlateLog(context, realm);
  const refreshCacheMetrics = exportCache(realm.metrics, serving.cache);
  const services: HttpServices = {
    config,
    clock: context.clock,
    random: context.random,
    log: realm.log,
    metrics: realm.metrics,
    ingest: { accept: onKnownSchema(health, ingest.accept) },
    impressions: createImpressionLog({
      settings: config.reco,
      writer: context.peer<WriterMessage>("writer"),
      storeInline: (event, deadline) => inline.write(event, deadline),
      clock: context.clock,
      metrics: realm.metrics,
      log: realm.log,
    }),
    slateLog,
    slates: createSlateStore(realm.pool, config.retention.slateDays),
    runModels: models.runModels,
    recommender: serving.recommender,
    catalogue: serving.catalogue,
    pagedLists: openPagedLists(realm, health),
    items: openItems(realm, health),
    users: openUsers(context, realm, announce, health),
    analytics: createAnalyticsReader(realm.pool),
    registry: models.registry,
    loadedModels: models.loaded,
    shadowReport: () => mergeShadow(context, serving),
    health: () => health.view(),
    metricsText: () => renderTreeMetrics(context, SURVEY_MS),
    recoWindow: () => mergeWindows(context),
    recordReco: (status, latencyMs) => samples.record(status, latencyMs),
  };
  await Promise.all([cache?.tried, hearing?.tried, sharedCatalogue?.tried, weights.refresh()]);
  await health.start();
  const { db, schemaKnown } = health.view();
  const warmUpMs = db && schemaKnown ? WARM_UP_MS : WARM_UP_WITHOUT_STORE_MS;
  const warm = Deadline.after(warmUpMs, context.clock);
  const [origin] = await Promise.all([serving.state.warmUp(warm), models.start()]);
  if (origin === "store") {
    await rehearse(serving.recommender, serving.state, newUuidHex(context.clock, context.random), warm);
    serving.comparison.forget();
  }
  const server = listen(createApp(services, slates), context);
  health.markStarted();
  return {
    receive: (message) => (message.kind === "model" ? models.handOver(message) : memory.receive(message)),
    report(question) {
      if (question === "reco-window") return samples.window();
      if (question === "shadow") return serving.comparison.samples?.set() ?? null;
      if (question === "reco-requests") return samples.count();
      refreshCacheMetrics();
      return realm.report(question);
    },
    async stop() {
      health.markDraining();
      await failpoint("http.stop");
      await context.clock.sleep(config.http.drainDelayMs);
      await server.stop();
      slateLog?.close();
      await ingest[Symbol.asyncDispose]();
      await inline[Symbol.asyncDispose]();
      health[Symbol.dispose]();
      await models[Symbol.asyncDispose]();
      serving.comparison[Symbol.dispose]();
      await hearing?.[Symbol.asyncDispose]();
      await waker[Symbol.asyncDispose]();
      serving.shared?.[Symbol.dispose]();
      await sharedCatalogue?.[Symbol.asyncDispose]();
      await cache?.[Symbol.asyncDispose]();
      await serving.state[Symbol.asyncDispose]();
      await realm[Symbol.asyncDispose]();
    },
  };
}

type App = ReturnType<typeof createApp>;

/**
 * Serves `app` on a socket that the other workers share. The body limit is the server's hard stop, twice the one
 * that the app answers with an error body.
 */
function listen(app: App, context: ActorContext<ActorArgs>): { stop(): Promise<void> } {
  const { http, failpoints } = context.args.config;
  const env: HttpEnv = { peerAddress: (request) => server.requestIP(request)?.address ?? null };
  const answer = (request: Request) => app.fetch(request, env);
  const server = Bun.serve({
    hostname: http.host,
    port: http.port,
    reusePort: true,
    maxRequestBodySize: 2 * http.maxBodyBytes,
    idleTimeout: IDLE_TIMEOUT_SEC,
    fetch: failpoints === "" ? answer : (request) => failpoint("http.request").then(() => answer(request)),
    // The app answers every error itself: what arrives here is a bug, and the actor starts anew.
    error(error) {
      context.fail(error);
      return new Response(null, { status: 500 });
    },
  });
  return {
    async stop() {
      const finished = server.stop();
      const late = context.clock.schedule(FINISH_REQUESTS_MS, () => void server.stop(true));
      await finished;
      late.cancel();
    },
  };
}
