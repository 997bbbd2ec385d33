/** The catalogue routes: what stands beside an item, and what many take at the moment. */

import type { Result } from "../../core/result.ts";
import type { Issue } from "../../events/issue.ts";
import type { CatalogueRoute } from "../../recommend/catalogue/arrange.ts";
import type {
  CatalogueAnswer,
  CatalogueItem,
  Degraded,
  RecalledItem,
} from "../../recommend/catalogue/request.ts";
import { bindAnswerMetrics } from "../answer-metrics.ts";
import { failure, invalid } from "../errors.ts";
import { EXPERIMENT_VARIANT } from "../policy-labels.ts";
import { parseDetail, parseSimilar, parseTrending, type RecallQuery } from "../recall-query.ts";
import { json } from "../reply.ts";
import type { Call, Failure, Headers, Outcome, Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

const NOTHING_FOUND = failure(404, "not_found", "Recommendations not found");

type Handling = Required<Pick<Route, "handle" | "observe">>;

export function recallHandlers(services: HttpServices): {
  readonly similar: Handling;
  readonly detail: Handling;
  readonly trending: Handling;
} {
  return {
    similar: besideHandler(services, "similar", "similar_items", parseSimilar),
    detail: besideHandler(services, "detail", "recommendations", parseDetail),
    trending: trendingHandler(services),
  };
}

function besideHandler(
  services: HttpServices,
  route: CatalogueRoute,
  listName: "similar_items" | "recommendations",
  parse: (call: Call) => Result<RecallQuery, readonly Issue[]>,
): Handling {
  const { catalogue, metrics, clock } = services;
  const counts = bindAnswerMetrics(metrics, clock, route);
  return {
    async handle(call): Promise<Outcome> {
      const parsed = parse(call);
      if (!parsed.ok) return invalid(parsed.error);
      const { itemId, userId, limit, context } = parsed.value;
      call.userId = userId;
      const { requestId } = call.ids;
      const isMobile = context.device_type === "mobile";
      const answer = await catalogue.beside(
        { route, itemId, userId, limit, requestId, source: context.source, isMobile },
        call.deadline,
      );
      const { variant, degraded, items } = answer;
      if (items.length === 0) return nothing(degraded);
      counts.answered({ size: items.length, variant, degraded, isFallback: variant === "fallback" });
      tellExploration(services, call, route, answer);
      const body = {
        dataset_id: itemId,
        [listName]: items.map(recalled),
        request_id: requestId,
        algorithm_version: answer.algorithmVersion,
        variant,
        experiment_variant: EXPERIMENT_VARIANT,
        request_context: context,
      };
      const headers = { "X-Reco-Variant": variant, "X-Reco-Policy": answer.label.name };
      return json(200, body, { ...headers, ...degradedHeader(degraded) });
    },
    observe: counts.finished,
  };
}

function trendingHandler({ catalogue, metrics, clock }: HttpServices): Handling {
  const counts = bindAnswerMetrics(metrics, clock, "trending");
  return {
    async handle(call): Promise<Outcome> {
      const parsed = parseTrending(call);
      if (!parsed.ok) return invalid(parsed.error);
      const { timeframe, limit } = parsed.value;
      const { items, degraded } = await catalogue.trending(timeframe, limit, call.deadline);
      if (items.length === 0) return nothing(degraded);
      const variant = degraded === null ? "primary" : "fallback";
      counts.answered({ size: items.length, variant, degraded, isFallback: degraded !== null });
      return json(200, { timeframe, items: items.map(shown) }, degradedHeader(degraded));
    },
    observe: counts.finished,
  };
}

const nothing = (degraded: Degraded | null): Failure =>
  degraded === null
    ? NOTHING_FOUND
    : failure(503, "nothing_to_serve", `Nothing to recommend (degraded=${degraded})`);

const degradedHeader = (degraded: Degraded | null): Headers =>
  degraded === null ? {} : { "X-Reco-Degraded": degraded };

const shown = ({ itemId, title, price, coverImage }: CatalogueItem) => ({
  dataset_id: itemId,
  title,
  price,
  cover_image: coverImage,
});

const recalled = (item: RecalledItem) => ({ ...shown(item), score: item.score, reason: item.reason });

/** Who evaluates another policy on these answers needs to know how likely each item was. */
function tellExploration(
  { log }: HttpServices,
  { ids }: Call,
  route: CatalogueRoute,
  { items, algorithmVersion }: CatalogueAnswer,
): void {
  if (items.every(({ propensity }) => propensity === 1)) return;
  const propensities = items.map(({ itemId, propensity }) => ({ dataset_id: itemId, propensity }));
  const { requestId } = ids;
  log.info(
    { request_id: requestId, endpoint: route, algorithm_version: algorithmVersion, items: propensities },
    "recommendation.propensities",
  );
}
