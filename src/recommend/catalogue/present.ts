/** Makes answers of what was found: explored where the route asks for it, with what the catalogue says of each item. */

import { seededRandom } from "../../core/random.ts";
import { explorationSeed } from "../exploration.ts";
import { overlayOf } from "../overlay.ts";
import type { ServingState } from "../serving-state.ts";
import type { Basis } from "./basis.ts";
import { type Explored, explore } from "./explore.ts";
import { type Fallback, fallbackScore } from "./fallback.ts";
import type { Candidate } from "./merge.ts";
import type { CatalogueAnswer, CatalogueItem, CatalogueRequest } from "./request.ts";

/** Newest interactions whose items are not drawn. */
const TAKEN_LATELY = 50;

/** Whether an item may be shown beside the asked one, as far as is known: not itself, nothing hidden. */
export function mayShowTo({ visibility }: ServingState, { itemId, userId }: CatalogueRequest) {
  const hidden = userId === null ? [] : visibility.knownOf([userId]);
  const unwanted = new Set([itemId, ...hidden]);
  return (each: string): boolean => !unwanted.has(each) && !visibility.items.has(each);
}

export function presented(
  state: ServingState,
  request: CatalogueRequest,
  { label, version }: Basis,
  greedy: readonly Candidate[],
): CatalogueAnswer {
  const { items, propensities } =
    request.route === "detail"
      ? explored(state, request, version, greedy)
      : { items: greedy, propensities: greedy.map(() => 1) };
  return {
    items: items.map(({ itemId, score, reasons }, place) => ({
      ...described(state, itemId),
      score,
      reason: reasons.join("+"),
      propensity: propensities[place] as number,
    })),
    algorithmVersion: version,
    label,
    variant: label.variant,
    degraded: null,
  };
}

export function presentedFallback(
  state: ServingState,
  { label, version }: Basis,
  { itemIds, degraded, reason }: Fallback,
): CatalogueAnswer {
  // Nothing went wrong: there is just nothing.
  const isPlain = itemIds.length === 0 && degraded.startsWith("empty:");
  return {
    items: itemIds.map((itemId, place) => ({
      ...described(state, itemId),
      score: fallbackScore(place),
      reason,
      propensity: 1,
    })),
    algorithmVersion: version,
    label,
    variant: "fallback",
    degraded: isPlain ? null : degraded,
  };
}

/** By what is in memory: an answer that stands does not wait for titles. */
export function described({ cards }: ServingState, itemId: string): CatalogueItem {
  const card = cards.get(itemId) ?? cards.outside.stale(itemId);
  return {
    itemId,
    title: card?.title ?? null,
    price: card?.price ?? null,
    coverImage: card?.cover_image ?? null,
  };
}

/** The same request by the same model is varied in the same way. */
function explored(
  state: ServingState,
  request: CatalogueRequest,
  version: string,
  greedy: readonly Candidate[],
): Explored {
  const { cards, visibility } = state;
  const { requestId, userId } = request;
  const seed = explorationSeed(requestId, userId ?? "", version);
  const isShowable = mayShowTo(state, request);
  const taken = userId === null ? new Set() : takenLately(state, userId);
  const pool = {
    size: cards.index.size,
    idAt: (place: number) => cards.index.idAt(place),
    showable: Math.max(0, cards.index.size - visibility.items.size - taken.size),
    mayShow: (itemId: string) => !taken.has(itemId) && isShowable(itemId),
  };
  return explore(greedy, pool, seededRandom(Number.parseInt(seed.slice(0, 8), 16)));
}

function takenLately({ stream, overlay }: ServingState, userId: string): ReadonlySet<string> {
  const profile = stream.profiles.stale(userId);
  const stored = profile ? Array.from(profile.slots.slice(-TAKEN_LATELY)) : [];
  return new Set([
    ...stored.map((slot) => (profile?.table ?? stream.popularity.table).nameOf(slot)),
    ...overlayOf(overlay, userId).map(({ itemId }) => itemId),
  ]);
}
