/** Answers the catalogue routes, whatever the store does. */

import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";
import type { InstalledModels } from "../engine.ts";
import type { ServingObserver } from "../ports.ts";
import { RequestReads } from "../request-reads.ts";
import type { ServingState } from "../serving-state.ts";
import { AnswerCache, type AnswerKey, detailKey, similarKey } from "./answer-cache.ts";
import { lambdaOf } from "./arrange.ts";
import { Bases, type Basis } from "./basis.ts";
import { type ChannelWeights, DEFAULT_CHANNEL_WEIGHTS } from "./channel-weights.ts";
import { fallBack } from "./fallback.ts";
import type { Candidate } from "./merge.ts";
import { PopularItems } from "./popular-items.ts";
import type { CatalogueReader, SharedTexts, TrendingSets } from "./ports.ts";
import { described, mayShowTo, presented, presentedFallback } from "./present.ts";
import { recall } from "./recall.ts";
import type { CatalogueRecommender, CatalogueRequest, FallbackCause } from "./request.ts";
import { TrendingList } from "./trending-list.ts";
import { UserChannel } from "./user-channel.ts";
import { VectorChannel } from "./vector-channel.ts";

/** Events of a day take longer to count than a request's reads may; nobody but the first caller waits for it. */
export const TRENDING_READ_MS = 4_000;

export interface CatalogueOptions {
  readonly state: ServingState;
  readonly reader: CatalogueReader;
  /** Null where nodes share nothing. */
  readonly shared: (SharedTexts & TrendingSets) | null;
  readonly clock: Clock;
  readonly observer: ServingObserver;
  readonly readTimeoutMs: number;
  readonly cacheEnabled: boolean;
}

export interface InstallableCatalogue extends CatalogueRecommender {
  /** From now on answers go by these models; each answer goes by one of them as a whole. */
  install(models: InstalledModels): void;
  weigh(weights: ChannelWeights): void;
}

type Computed = { readonly items: readonly Candidate[] } | { readonly cause: FallbackCause };

export function createCatalogueRecommender(options: CatalogueOptions): InstallableCatalogue {
  const { state, reader, shared, clock, observer, readTimeoutMs, cacheEnabled } = options;
  const popular = new PopularItems({ state, reader, clock, readTimeoutMs });
  const answers = new AnswerCache({ shared, clock, enabled: cacheEnabled });
  const bases = new Bases(state.policy);
  const vectors = new VectorChannel();
  const users = new UserChannel();
  const trendingOf = (timeframe: "1h" | "24h") =>
    new TrendingList({
      timeframe,
      reader,
      sets: shared,
      popular,
      clock,
      newDeadline: () => Deadline.after(TRENDING_READ_MS, clock),
    });
  const trending = { "1h": trendingOf("1h"), "24h": trendingOf("24h") };
  let weights = DEFAULT_CHANNEL_WEIGHTS;

  const readsOf = ({ route }: CatalogueRequest, deadline: Deadline) =>
    new RequestReads(deadline, (operation) => observer.late(route, operation));

  const keyOf = (request: CatalogueRequest): AnswerKey => {
    const facts = { ...request, lambda: lambdaOf(request), nowMs: clock.nowMs() };
    return request.route === "similar" ? similarKey(facts) : detailKey(facts);
  };

  /** Names everything that answers to the same call could differ by. */
  const stampOf = ({ version }: Basis) => `${version} ${JSON.stringify(weights)}`;

  /** What a user hides has to be known before an answer that was kept is given again. */
  const kept = async (request: CatalogueRequest, basis: Basis, key: AnswerKey, deadline: Deadline) => {
    if (key.answer === null || basis.label.variant === "shadow") return null;
    const found = await answers.find(key.answer.key, stampOf(basis), deadline);
    if (found === null) return null;
    if (request.userId !== null) {
      await readsOf(request, deadline).values(state.visibility.ofUsers, [request.userId], "feature_fetch");
    }
    const mayShow = mayShowTo(state, request);
    return found.every(({ itemId }) => mayShow(itemId)) ? found : null;
  };

  const compute = async (
    request: CatalogueRequest,
    { trained }: Basis,
    deadline: Deadline,
  ): Promise<Computed> => {
    const reads = readsOf(request, deadline);
    try {
      const items = await recall(
        { state, clock, popular, trained, vectors, users, weights, observer },
        request,
        reads,
      );
      if (reads.cause === null && reads.hasTime() && items.length > 0) return { items };
      return { cause: reads.cause === "timeout" ? "timeout" : reads.cause ? "error" : "empty" };
    } catch (thrown) {
      observer.failed("answer", asError(thrown));
      return { cause: "error" };
    }
  };

  return {
    async beside(request, deadline) {
      const basis = bases.for(request);
      const key = keyOf(request);
      const known = await kept(request, basis, key, deadline);
      if (known !== null) return presented(state, request, basis, known);
      const stamp = stampOf(basis);
      const fresh = await compute(request, basis, deadline);
      if ("items" in fresh) {
        if (basis.label.variant === "primary") answers.keep(key, stamp, fresh.items);
        return presented(state, request, basis, fresh.items);
      }
      const fallback = await fallBack({
        itemId: request.itemId,
        limit: request.limit,
        cause: fresh.cause,
        key: key.fallback,
        answers,
        trained: basis.trained,
        popular,
        mayShow: mayShowTo(state, request),
        deadline,
      });
      return presentedFallback(state, basis, fallback);
    },

    async trending(timeframe, limit, deadline) {
      const { itemIds, cause, source } = await trending[timeframe].now(deadline);
      const shown = itemIds.filter((itemId) => !state.visibility.items.has(itemId)).slice(0, limit);
      const end = shown.length > 0 ? source : itemIds.length > 0 ? "empty" : "no_fallback";
      return {
        items: shown.map((itemId) => described(state, itemId)),
        degraded: cause === null ? null : `${cause}:${end}`,
      };
    },

    install(models) {
      bases.install(models);
      answers.drop();
    },

    weigh(given) {
      weights = given;
    },
  };
}
