/** GET /reco: the user's slate, logged as an impression. */

import type { RequestId } from "../../core/ids.ts";
import { chain, type MaybePromise } from "../../core/maybe-promise.ts";
import { ok, type Result } from "../../core/result.ts";
import { autologImpression } from "../../events/autolog.ts";
import type { Issue } from "../../events/issue.ts";
import type { RecoAnswer, RecoRequest } from "../../recommend/recommender.ts";
import { invalid } from "../errors.ts";
import { pageCursor } from "../page-cursor.ts";
import { Pages, type Slated } from "../pages.ts";
import { policyHeaders } from "../policy-labels.ts";
import { describeSlate } from "../reco-details.ts";
import { parseRecoQuery, type RecoQuery } from "../reco-query.ts";
import { bindRecommendationMetrics } from "../recommendation-metrics.ts";
import { json } from "../reply.ts";
import type { KeptSlate, RetrySlates } from "../retry-slates.ts";
import type { Call, Outcome, Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

/** A slate, or what is wrong with the cursor. */
type Given = Result<Slated, readonly Issue[]>;

export function recoHandler(
  services: HttpServices,
  slates: RetrySlates,
): Required<Pick<Route, "handle" | "observe">> {
  const { recommender, impressions, slateLog, metrics, clock, config } = services;
  const { isExploring } = config.reco;
  const pages = new Pages(services);
  const counts = bindRecommendationMetrics(metrics, clock, "reco");
  const retrieval = metrics.histogram("reco_stage_latency_ms", { stage: "retrieval" });
  const ranking = metrics.histogram("reco_stage_latency_ms", { stage: "ranking" });
  const diversity = metrics.histogram("reco_stage_latency_ms", { stage: "diversity" });
  const exploration = metrics.histogram("reco_stage_latency_ms", { stage: "exploration" });
  const family = (name: string) => metrics.counter("reco_api_requests_total", { status_family: name });
  const families = [family("2xx"), family("4xx"), family("5xx")] as const;
  const latency = metrics.histogram("reco_api_latency_ms");

  /** A slate that somebody sees is stored whether or not it is logged as an impression. */
  const storeSlate = (query: RecoQuery, request: RecoRequest, { ids }: Call, answer: RecoAnswer): void => {
    if (!request.isStored) return;
    const { requestId } = ids;
    const { surface, sessionId } = query;
    const asked = { ...request, sessionId };
    slateLog?.offer({ requestId, servedAtMs: clock.nowMs(), surface, request: asked, answer });
  };

  const observeStages = ({ timingsMs }: RecoAnswer): void => {
    retrieval.observe(timingsMs.retrieval);
    ranking.observe(timingsMs.ranking);
    if (timingsMs.diversity > 0) diversity.observe(timingsMs.diversity);
    if (timingsMs.exploration > 0) exploration.observe(timingsMs.exploration);
  };

  /** A HEAD shows no slate to anybody. */
  const requestOf = (query: RecoQuery, { ids, request }: Call): RecoRequest => {
    const isStored = slateLog !== null && request.method !== "HEAD";
    const explored = isExploring ? { explorationId: ids.requestId } : null;
    const paged = query.details ? { isPaged: true } : null;
    return isStored || explored || paged ? { ...query, ...explored, ...paged, isStored } : query;
  };

  const recommend = (query: RecoQuery, call: Call): MaybePromise<Given> => {
    const request = requestOf(query, call);
    if (query.cursor !== null) {
      return pages.next(query.cursor, query, request, call.deadline).then((next) => {
        if (!next.ok) return next;
        observeStages(next.value.answer);
        storeSlate(query, request, call, next.value.answer);
        return next;
      });
    }
    return chain(recommender.reco(request, call.deadline), (answer) => {
      observeStages(answer);
      storeSlate(query, request, call, answer);
      if (answer.page === null) return ok({ answer, cursor: null });
      return pages.begin(answer, query, call.deadline).then(ok);
    });
  };

  const log = async (query: RecoQuery, call: Call, slated: Slated): Promise<void> => {
    const impression = autologImpression({
      requestId: call.ids.requestId as RequestId,
      userId: query.userId,
      sessionId: query.sessionId,
      items: slated.answer.list.itemIds,
      nowMs: clock.nowMs(),
      userAgent: call.request.headers.get("user-agent"),
    });
    // Kept before the wait: the client may give up and retry while the store is slow.
    if (call.ids.clientChosen) slates.keep(slateKey(query, call), { slated, impression });
    await impressions.record(impression, call.deadline);
  };

  const recommendAndLog = async (query: RecoQuery, call: Call): Promise<Given> => {
    const kept = call.ids.clientChosen ? slates.find(slateKey(query, call)) : null;
    if (kept !== null && mayRepeat(kept, query)) {
      await impressions.record(kept.impression, call.deadline);
      return ok(kept.slated);
    }
    const given = await recommend(query, call);
    if (given.ok && given.value.answer.list.itemIds.length > 0) await log(query, call, given.value);
    return given;
  };

  /** What a client excludes, or what came to be hidden, is never shown: not even in a repeat of what was seen. */
  const mayRepeat = ({ slated: { answer } }: KeptSlate, query: RecoQuery): boolean =>
    !answer.list.itemIds.some((itemId) => query.exclude.has(itemId)) &&
    recommender.mayShow(query, answer.list.itemIds);

  return {
    handle(call): MaybePromise<Outcome> {
      const parsed = parseRecoQuery(call.query);
      if (!parsed.ok) return invalid(parsed.error);
      const query = parsed.value;
      call.userId = query.userId;
      // A HEAD shows no slate to anybody.
      const isLogged = query.autolog && call.request.method !== "HEAD";
      return chain(isLogged ? recommendAndLog(query, call) : recommend(query, call), (given) => {
        if (!given.ok) return invalid(given.error);
        const { answer, cursor } = given.value;
        counts.answered(answer);
        const body = {
          request_id: call.ids.requestId,
          items: answer.list.itemIds,
          model_version: answer.modelVersion,
          strategy: answer.strategy,
        };
        const headers = policyHeaders(answer);
        if (!query.details) return json(200, body, headers);
        return describeSlate(answer, call, recommender, cursor).then((details) =>
          json(200, { ...body, details }, headers),
        );
      });
    },
    observe(status, elapsedMs) {
      families[status < 400 ? 0 : status < 500 ? 1 : 2].inc();
      latency.observe(elapsedMs);
      counts.finished(status, elapsedMs);
      services.recordReco(status, elapsedMs);
    },
  };
}

const slateKey = ({ userId, sessionId, k, filter, boost, cursor }: RecoQuery, { ids }: Call) => ({
  requestId: ids.requestId,
  userId,
  sessionId,
  k,
  filter: filter?.text ?? null,
  boost: boost?.text ?? null,
  cursor: cursor && pageCursor(cursor),
});
