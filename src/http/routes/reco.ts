/** GET /reco: the user's slate, logged as an impression. */

import type { RequestId } from "../../core/ids.ts";
import { chain, type MaybePromise } from "../../core/maybe-promise.ts";
import { autologImpression } from "../../events/autolog.ts";
import type { RecoAnswer } from "../../recommend/recommender.ts";
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
  const { recommender, impressions, slateLog, metrics, clock } = services;
  const counts = bindRecommendationMetrics(metrics, clock, "reco");
  const retrieval = metrics.histogram("reco_stage_latency_ms", { stage: "retrieval" });
  const ranking = metrics.histogram("reco_stage_latency_ms", { stage: "ranking" });
  const family = (name: string) => metrics.counter("reco_api_requests_total", { status_family: name });
  const families = [family("2xx"), family("4xx"), family("5xx")] as const;
  const latency = metrics.histogram("reco_api_latency_ms");

  const recommend = (query: RecoQuery, call: Call): MaybePromise<RecoAnswer> =>
    chain(recommender.reco(query, call.deadline), (answer) => {
      retrieval.observe(answer.timingsMs.retrieval);
      ranking.observe(answer.timingsMs.ranking);
      return answer;
    });

  /** A slate that somebody sees, which is stored whether or not it is logged as an impression. */
  const serve = (query: RecoQuery, call: Call): MaybePromise<RecoAnswer> => {
    if (slateLog === null) return recommend(query, call);
    const request = { ...query, isStored: true };
    return chain(recommend(request, call), (answer) => {
      const { requestId } = call.ids;
      slateLog.offer({ requestId, servedAtMs: clock.nowMs(), surface: query.surface, request, answer });
      return answer;
    });
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
    const answer = await serve(query, call);
    if (answer.list.itemIds.length > 0) await log(query, call, answer);
    return answer;
  };

  /** What a client excludes, or what came to be hidden, is never shown: not even in a repeat of what was seen. */
  const mayRepeat = ({ answer: { list } }: KeptSlate, query: RecoQuery): boolean =>
    !list.itemIds.some((itemId) => query.exclude.has(itemId)) && recommender.mayShow(query, list.itemIds);

  /** A HEAD shows no slate to anybody. */
  const answerOf = (query: RecoQuery, call: Call): MaybePromise<RecoAnswer> => {
    if (call.request.method === "HEAD") return recommend(query, call);
    return query.autolog ? recommendAndLog(query, call) : serve(query, call);
  };

  return {
    handle(call): MaybePromise<Outcome> {
      const parsed = parseRecoQuery(call.query);
      if (!parsed.ok) return invalid(parsed.error);
      const query = parsed.value;
      call.userId = query.userId;
      return chain(answerOf(query, call), (answer) => {
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
