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

/** Read from the store together and ranked in one turn; with an expression, evaluated for thousands of items, it is one. */
const USERS_AT_ONCE = 4;

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

  /** Other calls get their turn between the users that are ranked together. */
  const inTurns = async (requests: readonly RecoRequest[], call: Call, isDetailed: boolean) => {
    const atOnce = requests.some(({ filter, boost }) => filter || boost) ? 1 : USERS_AT_ONCE;
    const results: Awaited<ReturnType<typeof resultFor>>[] = [];
    for (let from = 0; from < requests.length; from += atOnce) {
      if (from > 0) await nextTurn();
      const { expired } = call.deadline;
      const group = requests
        .slice(from, from + atOnce)
        .map((request) => (expired ? { ...request, isLate: true } : request));
      results.push(...(await Promise.all(group.map((request) => resultFor(request, call, isDetailed)))));
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
      const results = await inTurns(requests, call, details);
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

const describe = ({ userId }: RecoRequest, answer: RecoAnswer) => ({
  user_id: userId,
  items: answer.list.itemIds,
  model_version: answer.modelVersion,
  strategy: answer.strategy,
  policy: answer.label.name,
  variant: answer.label.variant,
  degraded: answer.degraded,
});
