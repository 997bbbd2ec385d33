/** Ranks deep and makes the slate of what passes; ranks deeper once when too few items are left. */

import { chain, type MaybePromise } from "../core/maybe-promise.ts";
import { explorationSeed } from "./exploration.ts";
import type { UserFacts } from "./expression.ts";
import { withFresh } from "./fresh-items.ts";
import { MAX_PAGED_ITEMS, type Page, withShown } from "./paged-list.ts";
import type { Cut, Depth, Policy, Ranked } from "./policy.ts";
import type { RankedList } from "./ranked-list.ts";
import type { ModelVersion, RecoRequest } from "./recommender.ts";
import { asRanked, pick } from "./refine.ts";
import { type RefinedSlate, type RefineParts, readUserFacts, refineList } from "./refine-list.ts";
import type { ServingRules } from "./serving-rules.ts";
import { makeSlate } from "./slate.ts";
import { needsCards, type Refinement, rowsOf } from "./slate-rows.ts";
import { Judged, refinedBasis } from "./slates/refined-basis.ts";
import { isCapping, spreadPool } from "./spread.ts";

/** As many items of the ranked list are judged at most: each costs an evaluation, and maybe a read of its card. */
const MAX_JUDGED = 2_000;
const NOTHING_SHOWN = new Uint8Array(0);

/** Null when a ranked list is a slate as it is. */
export function refinementOf(policy: Policy, request: RecoRequest): Refinement | null {
  const { filter = null, isPaged = false } = request;
  // The baseline is the plain reference: it filters, and boosts nothing.
  const boost = policy.boosts ? (request.boost ?? null) : null;
  const { spread, replaySeen } = policy.rules;
  const exploration = explorationOf(policy.rules, policy.modelVersion, request);
  const refinement = { filter, boost, spread, exploration };
  const isPlain = !needsCards(refinement) && exploration === null && replaySeen === null && !isPaged;
  return isPlain ? null : refinement;
}

export function explorationOf(
  { exploration: rules }: ServingRules,
  modelVersion: ModelVersion,
  { explorationId = null, userId }: RecoRequest,
): Refinement["exploration"] {
  if (explorationId === null || rules.epsilon === 0) return null;
  return { rules, seed: explorationSeed(explorationId, userId, modelVersion) };
}

export interface RefinedParts extends RefineParts {
  readonly policy: Policy;
}

export interface Refined extends Ranked, Pick<RefinedSlate, "exploration" | "diversityMs" | "explorationMs"> {
  /** Where the list goes on; null at its end, and unless the request asks for it. */
  readonly page: Page | null;
}

export function rankRefined(parts: RefinedParts): MaybePromise<Refined | null> {
  const { policy, request, reads, refinement } = parts;
  const cut = cutOf(policy, refinement, request);
  return chain(readUserFacts(parts), (user) => {
    const at = (depth: Depth) =>
      chain(
        policy.rank(request, reads, depth, depth === "candidates" ? cut : null),
        (ranked) => ranked && refineRanked(parts, ranked, user),
      );
    return chain(at("candidates"), (first) => {
      const isEnough = first === null || first.list.itemIds.length >= request.k;
      return isEnough || !needsCards(refinement) || !reads.hasTime() ? first : at("wide");
    });
  });
}

/** The popular list under the same rules, from what is in memory; it explores nothing. */
export function popularRefined(parts: RefinedParts): RankedList {
  const { policy, state, request } = parts;
  const attributes = state.userAttributes.stale(request.userId);
  const user = attributes ? { attributes } : null;
  const cardOf = (itemId: string) => state.cards.get(itemId) ?? state.cards.outside.stale(itemId);
  const popular = policy.popular(request, "wide");
  const list = { ...popular, itemIds: popular.itemIds.slice(0, MAX_JUDGED) };
  const { refinement, reads, clock } = parts;
  const { k } = request;
  const record = new Judged(list, () => reads.hasTime());
  const rowsInput = { list, fresh: 0, refinement, k, nowMs: clock.nowMs(), cardOf, user };
  const { rows } = rowsOf({ ...rowsInput, hasTime: record.hasTime });
  const shown = pick(list, rows.slice(0, k));
  const plain = { ...rowsInput, refinement: { ...refinement, exploration: null } };
  return request.isStored ? { ...shown, ...refinedBasis(plain, record.count) } : shown;
}

function refineRanked(parts: RefinedParts, ranked: Ranked, user: UserFacts | null): MaybePromise<Refined> {
  const { refinement, request, policy } = parts;
  if (ranked.isKept) return slateOfKept(parts, ranked.list);
  const length = judgedLength(policy, refinement, request);
  return chain(withFresh(parts, policy, ranked.list, length), ({ list, fresh }) =>
    chain(refineList(parts, { list, fresh, user, ...returningOf(ranked) }), (slate) => {
      if (ranked.keep && parts.reads.cause === null) {
        const made = slate.made();
        if (made) ranked.keep(made);
      }
      return {
        list: slate.list,
        exploration: slate.exploration,
        rankingMs: ranked.rankingMs,
        diversityMs: slate.diversityMs,
        explorationMs: slate.explorationMs,
        page: request.isPaged ? firstPage(policy, list, slate) : null,
      };
    }),
  );
}

const returningOf = ({ returning }: Ranked) => (returning ? { returning } : {});

/** Only what is drawn is new. */
function slateOfKept(
  { refinement: { exploration }, request: { k }, clock }: RefinedParts,
  list: RankedList,
): Refined {
  const slate = makeSlate({ list, rows: asRanked(list), k, exploration, clock });
  return { ...slate, rankingMs: 0, diversityMs: 0, page: null };
}

/** Null where the request has wishes of its own, of which each may call for any item. */
function cutOf(policy: Policy, refinement: Refinement, request: RecoRequest): Cut | null {
  const { filter, boost, exploration } = refinement;
  if (filter !== null || boost !== null || request.isPaged) return null;
  const rows = request.k + (exploration?.rules.poolSize ?? 0);
  return { candidates: judgedLength(policy, refinement, request), rows };
}

function firstPage(
  { label, modelVersion, strategy, rules }: Policy,
  list: RankedList,
  { passed, rows }: RefinedSlate,
): Page | null {
  const kept = passed.slice(0, MAX_PAGED_ITEMS);
  const placeInKept = new Map(kept.map(({ place }, at) => [place, at]));
  const shown = rows.flatMap(({ place }) => placeInKept.get(place) ?? []);
  if (shown.length === kept.length) return null;
  return {
    paged: { list: pick(list, kept), label, modelVersion, strategy, rules },
    shown: withShown(NOTHING_SHOWN, shown, kept.length),
  };
}

/** Where every item may come into question it is a bounded number; else what a slate and its exploration need. */
function judgedLength(
  { rules: { replaySeen } }: Policy,
  { filter, boost, spread, exploration }: Refinement,
  { k, isPaged = false }: RecoRequest,
): number {
  const isDeep =
    isPaged ||
    filter !== null ||
    boost !== null ||
    replaySeen !== null ||
    isCapping(spread) ||
    spread.freshnessQuota > 0;
  return isDeep ? MAX_JUDGED : spreadPool(k) + (exploration?.rules.poolSize ?? 0);
}
