/** POST /recommend: lists for several users in one call, with what they did in the running session. */

import { nextTurn } from "../../core/next-turn.ts";
import type { RecoAnswer, RecoRequest } from "../../recommend/recommender.ts";
import { readJson } from "../body.ts";
import { invalid } from "../errors.ts";
import { describeSlate } from "../reco-details.ts";
import { parseRecommendBody } from "../recommend-body.ts";
import { bindRecommendationMetrics } from "../recommendation-metrics.ts";
import { json } from "../reply.ts";
import type { Call, Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

export function recommendManyHandler({
  config,
  recommender,
  metrics,
  clock,
}: HttpServices): Required<Pick<Route, "handle" | "observe">> {
  const counts = bindRecommendationMetrics(metrics, clock, "recommend");

  const resultFor = async (request: RecoRequest, call: Call, isDetailed: boolean) => {
    const answer = await recommender.reco(request, call.deadline, "recommend");
    counts.answered(answer);
    const result = describe(request, answer);
    return {
      answer,
      result: isDetailed ? { ...result, details: await describeSlate(answer, call, recommender) } : result,
    };
  };

  const allAtOnce = (requests: readonly RecoRequest[], call: Call, isDetailed: boolean) =>
    Promise.all(requests.map((request) => resultFor(request, call, isDetailed)));

  const oneByOne = async (requests: readonly RecoRequest[], call: Call, isDetailed: boolean) => {
    const results: Awaited<ReturnType<typeof resultFor>>[] = [];
    for (const request of requests) {
      results.push(await resultFor(request, call, isDetailed));
      await nextTurn();
    }
    return results;
  };

  return {
    async handle(call) {
      const body = await readJson(call, config.http.maxBodyBytes);
      if (!body.ok) return body.error;
      const parsed = parseRecommendBody(body.value, clock.nowMs(), config.ingest);
      if (!parsed.ok) return invalid(parsed.error);
      const { requests, details } = parsed.value;
      call.userId = requests.length === 1 ? (requests[0]?.userId ?? null) : null;
      const results = await (isLong(requests) ? oneByOne : allAtOnce)(requests, call, details);
      const degraded = results.find(({ answer }) => answer.degraded !== null)?.answer.degraded;
      return json(
        200,
        { request_id: call.ids.requestId, results: results.map(({ result }) => result) },
        degraded ? { "X-Reco-Degraded": degraded } : undefined,
      );
    },
    observe: counts.finished,
  };
}

/** Expressions are evaluated for thousands of items a user: other calls get their turn between two users. */
const isLong = (requests: readonly RecoRequest[]): boolean =>
  requests.length > 1 && requests.some(({ filter, boost }) => filter || boost);

const describe = ({ userId }: RecoRequest, answer: RecoAnswer) => ({
  user_id: userId,
  items: answer.list.itemIds,
  model_version: answer.modelVersion,
  strategy: answer.strategy,
  policy: answer.label.name,
  variant: answer.label.variant,
  degraded: answer.degraded,
});
