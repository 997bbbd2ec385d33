/** GET /recommend: a short list for one user, not logged. */

import type { UserId } from "../../core/ids.ts";
import { chain } from "../../core/maybe-promise.ts";
import { err, ok, type Result } from "../../core/result.ts";
import type { Issue } from "../../events/issue.ts";
import { invalid } from "../errors.ts";
import { policyHeaders } from "../policy-labels.ts";
import { eachParameter, QueryReader } from "../query.ts";
import { kField, userIdField } from "../reco-query.ts";
import { bindRecommendationMetrics } from "../recommendation-metrics.ts";
import { json } from "../reply.ts";
import type { Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

export const RECOMMEND_DEFAULT_K = 10;
const REASON = { type: "hybrid", sources: ["co_visitation", "trending"] };
const NOTHING: ReadonlySet<string> = new Set();

export function recommendHandler({
  recommender,
  metrics,
  clock,
}: HttpServices): Required<Pick<Route, "handle" | "observe">> {
  const counts = bindRecommendationMetrics(metrics, clock, "recommend");
  return {
    handle(call) {
      const parsed = parseQuery(call.query);
      if (!parsed.ok) return invalid(parsed.error);
      const { userId, k } = parsed.value;
      call.userId = userId;
      const request = { userId, sessionId: null, k, exclude: NOTHING };
      return chain(recommender.recommend(request, call.deadline), (answer) => {
        counts.answered(answer);
        const items = answer.list.itemIds;
        return json(200, { user_id: userId, items, reason: REASON }, policyHeaders(answer));
      });
    },
    observe: counts.finished,
  };
}

function parseQuery(query: string): Result<{ userId: UserId; k: number }, readonly Issue[]> {
  const reader = new QueryReader();
  const given: { user_id?: string | null; k?: string | null } = {};
  eachParameter(query, (name, value) => {
    if (name === "user_id" || name === "k") given[name] = value;
  });
  const userId = reader.required("user_id", given.user_id, userIdField);
  const k = reader.optional("k", given.k, kField) ?? RECOMMEND_DEFAULT_K;
  return userId === undefined || reader.issues.length > 0 ? err(reader.issues) : ok({ userId, k });
}
