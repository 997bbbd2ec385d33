/** Answers the catalogue routes, whatever the store does. */

import { createHash } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";
import { seededRandom } from "../../core/random.ts";
import type { InstalledModels } from "../engine.ts";
import type { PolicyLabel } from "../policy.ts";
import type { ServingObserver } from "../ports.ts";
import { RequestReads } from "../request-reads.ts";
import { isInRollout } from "../rollout.ts";
import type { ServingState } from "../serving-state.ts";
import { AnswerCache, type AnswerKey, detailKey, similarKey } from "./answer-cache.ts";
import { lambdaOf } from "./arrange.ts";
import { type ChannelWeights, DEFAULT_CHANNEL_WEIGHTS } from "./channel-weights.ts";
import { type Explored, explore } from "./explore.ts";
import { fallBack, fallbackScore } from "./fallback.ts";
import { type NumberedModel, numberModel } from "./hits.ts";
import type { Candidate } from "./merge.ts";
import { PopularItems } from "./popular-items.ts";
import type { CatalogueReader, SharedTexts, TrendingSets } from "./ports.ts";
import { recall } from "./recall.ts";
import type {
  CatalogueAnswer,
  CatalogueItem,
  CatalogueRecommender,
  CatalogueRequest,
  FallbackCause,
  RecalledItem,
} from "./request.ts";
import { TrendingList } from "./trending-list.ts";

/** Events of a day take longer to count than a request's reads may; nobody but the first caller waits for it. */
const TRENDING_READ_MS = 4_000;

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
  /** From now on answers go by these models and weights; each answer goes by one of them as a whole. */
  install(models: InstalledModels): void;
  weigh(weights: ChannelWeights): void;
}

/** What an answer goes by. */
interface Basis {
  readonly label: PolicyLabel;
  readonly version: string;
  readonly trained: NumberedModel | null;
  /** Names everything that another answer could differ by. */
  readonly stamp: string;
}

export function createCatalogueRecommender(options: CatalogueOptions): InstallableCatalogue {
  const { state, reader, shared, clock, observer, readTimeoutMs } = options;
  const popular = new PopularItems({ state, reader, clock, readTimeoutMs });
  const answers = new AnswerCache({ shared, clock, enabled: options.cacheEnabled });
  const newDeadline = () => Deadline.after(TRENDING_READ_MS, clock);
  const lists = (["1h", "24h"] as const).map(
    (timeframe) => new TrendingList({ timeframe, reader, sets: shared, popular, clock, newDeadline }),
  );
  let weights = DEFAULT_CHANNEL_WEIGHTS;
  let models: { readonly primary: Basis; readonly shadow: (Basis & { readonly rollout: number }) | null } = {
    primary: builtIn(state.policy),
    shadow: null,
  };

  const basisFor = ({ userId, requestId }: CatalogueRequest): Basis => {
    const { primary, shadow } = models;
    const subject = userId ?? requestId;
    return shadow && isInRollout(shadow.version, subject, shadow.rollout) ? shadow : primary;
  };

  const keyOf = (request: CatalogueRequest): AnswerKey => {
    const facts = { ...request, lambda: lambdaOf(request), nowMs: clock.nowMs() };
    return request.route === "similar" ? similarKey(facts) : detailKey(facts);
  };

  const mayShowTo = ({ itemId, userId }: CatalogueRequest, hidden: readonly string[] = []) => {
    const known = userId === null ? [] : state.visibility.knownOf([userId]);
    const unwanted = new Set([itemId, ...known, ...hidden]);
    return (each: string) => !unwanted.has(each) && !state.visibility.items.has(each);
  };

  /** What a user hides has to be known before an answer that was kept is given again. */
  const kept = async (request: CatalogueRequest, basis: Basis, key: AnswerKey, deadline: Deadline) => {
    if (key.answer === null || basis.label.variant === "shadow") return null;
    const found = await answers.find(key.answer.key, stampOf(basis), deadline);
    if (found === null) return null;
    if (request.userId !== null) {
      const reads = new RequestReads(deadline, (operation) => observer.late(request.route, operation));
      await reads.values(state.visibility.ofUsers, [request.userId], "feature_fetch");
    }
    const mayShow = mayShowTo(request);
    return found.every(({ itemId }) => mayShow(itemId)) ? found : null;
  };

  const stampOf = ({ stamp }: Basis) => `${stamp} ${JSON.stringify(weights)}`;

  const computed = async (request: CatalogueRequest, basis: Basis, deadline: Deadline) => {
    const reads = new RequestReads(deadline, (operation) => observer.late(request.route, operation));
    try {
      const parts = { state, clock, popular, trained: basis.trained, weights };
      const items = await recall(parts, request, reads);
      if (reads.cause === null && reads.hasTime() && items.length > 0) return { items };
      const cause: FallbackCause = reads.cause === "timeout" ? "timeout" : reads.cause ? "error" : "empty";
      return { cause };
    } catch (thrown) {
      observer.failed("answer", asError(thrown));
      return { cause: "error" as const };
    }
  };

  const served = (request: CatalogueRequest, basis: Basis, greedy: readonly Candidate[]): CatalogueAnswer => {
    const { items, propensities } =
      request.route === "detail" ? explored(state, request, basis, greedy, mayShowTo(request)) : asIs(greedy);
    return {
      items: items.map(({ itemId, score, reasons }, place) => ({
        ...described(state, itemId),
        score,
        reason: reasons.join("+"),
        propensity: propensities[place] as number,
      })),
      algorithmVersion: basis.version,
      label: basis.label,
      variant: basis.label.variant,
      degraded: null,
    };
  };

  const fallenBack = async (
    request: CatalogueRequest,
    basis: Basis,
    key: AnswerKey,
    cause: FallbackCause,
    deadline: Deadline,
  ): Promise<CatalogueAnswer> => {
    const { itemIds, degraded, reason } = await fallBack({
      itemId: request.itemId,
      limit: request.limit,
      cause,
      key: key.fallback,
      answers,
      trained: basis.trained,
      popular,
      mayShow: mayShowTo(request),
      deadline,
    });
    const items = itemIds.map(
      (itemId, place): RecalledItem => ({
        ...described(state, itemId),
        score: fallbackScore(place),
        reason,
        propensity: 1,
      }),
    );
    // Nothing went wrong: there is just nothing.
    const isPlain = cause === "empty" && items.length === 0;
    return {
      items,
      algorithmVersion: basis.version,
      label: basis.label,
      variant: "fallback",
      degraded: isPlain ? null : degraded,
    };
  };

  return {
    async beside(request, deadline) {
      const basis = basisFor(request);
      const key = keyOf(request);
      const known = await kept(request, basis, key, deadline);
      if (known !== null) return served(request, basis, known);
      const stamp = stampOf(basis);
      const fresh = await computed(request, basis, deadline);
      if (fresh.items === undefined) return fallenBack(request, basis, key, fresh.cause, deadline);
      if (basis.label.variant === "primary") answers.keep(key, stamp, fresh.items);
      return served(request, basis, fresh.items);
    },

    async trending(timeframe, limit, deadline) {
      const list = lists[timeframe === "1h" ? 0 : 1] as TrendingList;
      const { itemIds, cause, source } = await list.now(deadline);
      const shown = itemIds.filter((itemId) => !state.visibility.items.has(itemId)).slice(0, limit);
      const end = shown.length > 0 ? source : itemIds.length > 0 ? "empty" : "no_fallback";
      return {
        items: shown.map((itemId) => described(state, itemId)),
        degraded: cause === null ? null : `${cause}:${end}`,
      };
    },

    install({ primary, shadow }) {
      answers.drop();
      const trained = (slot: string, variant: PolicyLabel["variant"], model: NumberedModel): Basis => ({
        label: { name: `${slot}:${model.model.runId}`, variant },
        version: model.model.runId,
        trained: model,
        stamp: model.model.runId,
      });
      models = {
        primary: primary
          ? trained(primary.slot, "primary", numberModel(primary.model))
          : builtIn(state.policy),
        shadow: shadow && {
          ...trained("shadow", "shadow", numberModel(shadow.model)),
          rollout: shadow.rollout,
        },
      };
    },

    weigh(given) {
      weights = given;
    },
  };
}

/** Without a model channels go by what the stream keeps and the catalogue says, whichever policy answers /reco. */
const builtIn = (policy: ServingState["policy"]): Basis => ({
  label: { name: `builtin:${policy === "stream-v1" ? policy : "rules-v1"}`, variant: "primary" },
  version: "rules-v1",
  trained: null,
  stamp: "rules-v1",
});

const asIs = (greedy: readonly Candidate[]): Omit<Explored, "isVaried"> => ({
  items: greedy,
  propensities: greedy.map(() => 1),
});

/** The same request by the same model is varied in the same way. */
function explored(
  { cards, visibility }: ServingState,
  { requestId, userId }: CatalogueRequest,
  { version }: Basis,
  greedy: readonly Candidate[],
  mayShow: (itemId: string) => boolean,
): Explored {
  const digest = createHash("sha256")
    .update(`${requestId}\u001f${userId ?? ""}\u001f${version}`)
    .digest();
  const pool = {
    size: cards.index.size,
    idAt: (place: number) => cards.index.idAt(place),
    showable: Math.max(0, cards.index.size - visibility.items.size),
    mayShow,
  };
  return explore(greedy, pool, seededRandom(digest.readUInt32BE(0)));
}

/** By what is in memory: an answer that stands does not wait for titles. */
function described({ cards }: ServingState, itemId: string): CatalogueItem {
  const card = cards.get(itemId) ?? cards.outside.stale(itemId);
  return {
    itemId,
    title: card?.title ?? null,
    price: card?.price ?? null,
    coverImage: card?.cover_image ?? null,
  };
}
