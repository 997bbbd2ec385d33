/** GET /reco: the user's slate, logged as an impression. */

import type { RequestId } from "../../core/ids.ts";
import { chain, type MaybePromise } from "../../core/maybe-promise.ts";
import { autologImpression } from "../../events/autolog.ts";
import type { RecoAnswer, RecoRequest } from "../../recommend/recommender.ts";
import { invalid } from "../errors.ts";
import { policyHeaders } from "../policy-labels.ts";
import { describeSlate } from "../reco-details.ts";
import { parseRecoQuery, type RecoQuery } from "../reco-query.ts";
import { bindRecommendationMetrics } from "../recommendation-metrics.ts";
import { json } from "../reply.ts";
import type { KeptSlate, RetrySlates } from "../retry-slates.ts";
import type { Call, Outcome, Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

export function recoHandler(
  services: HttpServices,
  slates: RetrySlates,
): Required<Pick<Route, "handle" | "observe">> {
  const { recommender, impressions, slateLog, metrics, clock, config } = services;
  const { isExploring } = config.reco;
  const counts = bindRecommendationMetrics(metrics, clock, "reco");
  const retrieval = metrics.histogram("reco_stage_latency_ms", { stage: "retrieval" });
  const ranking = metrics.histogram("reco_stage_latency_ms", { stage: "ranking" });
  const diversity = metrics.histogram("reco_stage_latency_ms", { stage: "diversity" });
  const exploration = metrics.histogram("reco_stage_latency_ms", { stage: "exploration" });
  const family = (name: string) => metrics.counter("reco_api_requests_total", { status_family: name });
  const families = [family("2xx"), family("4xx"), family("5xx")] as const;
  const latency = metrics.histogram("reco_api_latency_ms");

  const recommend = (query: RecoQuery, call: Call): MaybePromise<RecoAnswer> => {
    const request = asked(query, call);
    return chain(recommender.reco(request, call.deadline), (answer) => {
      const { timingsMs } = answer;
      retrieval.observe(timingsMs.retrieval);
      ranking.observe(timingsMs.ranking);
      if (timingsMs.diversity > 0) diversity.observe(timingsMs.diversity);
      if (timingsMs.exploration > 0) exploration.observe(timingsMs.exploration);
      if (request.isStored) {
        const { requestId } = call.ids;
        slateLog?.offer({ requestId, servedAtMs: clock.nowMs(), surface: query.surface, request, answer });
      }
      return answer;
    });
  };

  /** What the recommender is asked; a HEAD shows no slate to anybody. */
  const asked = (query: RecoQuery, { ids, request }: Call): RecoQuery & RecoRequest => {
    const isStored = slateLog !== null && request.method !== "HEAD";
    if (!isExploring && !isStored) return query;
    return { ...query, isStored, explorationId: isExploring ? ids.requestId : null };
  };

  const log = async (query: RecoQuery, call: Call, answer: RecoAnswer): Promise<void> => {
    const impression = autologImpression({
      requestId: call.ids.requestId as RequestId,
      userId: query.userId,
      sessionId: query.sessionId,
      items: answer.list.itemIds,
      nowMs: clock.nowMs(),
      userAgent: call.request.headers.get("user-agent"),
    });
    // Kept before the wait: the client may give up and retry while the store is slow.
    if (call.ids.clientChosen) slates.keep(slateKey(query, call), { answer, impression });
    await impressions.record(impression, call.deadline);
  };

  const recommendAndLog = async (query: RecoQuery, call: Call): Promise<RecoAnswer> => {
    const kept = call.ids.clientChosen ? slates.find(slateKey(query, call)) : null;
    if (kept !== null && mayRepeat(kept, query)) {
      await impressions.record(kept.impression, call.deadline);
      return kept.answer;
    }
    const answer = await recommend(query, call);
    if (answer.list.itemIds.length > 0) await log(query, call, answer);
    return answer;
  };

  /** What a client excludes, or what came to be hidden, is never shown: not even in a repeat of what was seen. */
  const mayRepeat = ({ answer: { list } }: KeptSlate, query: RecoQuery): boolean =>
    !list.itemIds.some((itemId) => query.exclude.has(itemId)) && recommender.mayShow(query, list.itemIds);

  return {
    handle(call): MaybePromise<Outcome> {
      const parsed = parseRecoQuery(call.query);
      if (!parsed.ok) return invalid(parsed.error);
      const query = parsed.value;
      call.userId = query.userId;
      // A HEAD shows no slate to anybody.
      const isLogged = query.autolog && call.request.method !== "HEAD";
      return chain(isLogged ? recommendAndLog(query, call) : recommend(query, call), (answer) => {
        counts.answered(answer);
        const body = {
          request_id: call.ids.requestId,
          items: answer.list.itemIds,
          model_version: answer.modelVersion,
          strategy: answer.strategy,
        };
        const headers = policyHeaders(answer);
        if (!query.details) return json(200, body, headers);
        return describeSlate(answer, call, recommender).then((details) =>
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

const slateKey = ({ userId, sessionId, k, filter, boost }: RecoQuery, { ids }: Call) => ({
  requestId: ids.requestId,
  userId,
  sessionId,
  k,
  filter: filter?.text ?? null,
  boost: boost?.text ?? null,
});
