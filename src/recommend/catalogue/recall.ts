/** Computes what stands beside an item: what channels find, merged, bent towards the user, and arranged. */

import type { Clock } from "../../core/clock.ts";
import { chain, type MaybePromise } from "../../core/maybe-promise.ts";
import type { CatalogCard } from "../catalog-cards.ts";
import { mergeHistory } from "../overlay.ts";
import type { ProfileEntry, ServingObserver } from "../ports.ts";
import type { RequestReads } from "../request-reads.ts";
import type { ServingState } from "../serving-state.ts";
import { findViewer, type Viewer } from "../viewer.ts";
import { cutBottom, diversify, lambdaOf } from "./arrange.ts";
import { behaviorHits } from "./behavior.ts";
import { type Likeness, likeness } from "./card-likeness.ts";
import { type ChannelWeights, weightsFor } from "./channel-weights.ts";
import { type Hits, listHits, NO_HITS, type NumberedModel } from "./hits.ts";
import { type Candidate, mergeCandidates } from "./merge.ts";
import { personalise, takenItems } from "./personal.ts";
import type { PopularItems } from "./popular-items.ts";
import type { CatalogueRequest } from "./request.ts";
import { USER_CHANNEL_WEIGHT, type UserChannel } from "./user-channel.ts";
import type { VectorChannel } from "./vector-channel.ts";

/** Newest interactions of the user that are looked at. */
const HISTORY = 50;
/** Of the items taken those whose neighbours count: each costs a list. */
const TAKEN_WITH_NEIGHBOURS = 5;
/** Merged candidates that go on: each may cost a read of its card. */
const MAX_CANDIDATES = 300;
const NOTHING: ReadonlySet<string> = new Set();

export interface RecallParts {
  readonly state: ServingState;
  readonly clock: Clock;
  readonly popular: PopularItems;
  readonly trained: NumberedModel | null;
  readonly vectors: VectorChannel;
  readonly users: UserChannel;
  readonly weights: ChannelWeights;
  readonly observer: Pick<ServingObserver, "recalled">;
}

/** The user of a call, as far as this answer goes. */
interface Person {
  /** Oldest first. */
  readonly history: readonly ProfileEntry[];
  readonly hidden: readonly string[];
}

const NOBODY: Person = { history: [], hidden: [] };

/** At most `limit` items, best first. What could not be read is told by `reads`. */
export async function recall(
  parts: RecallParts,
  request: CatalogueRequest,
  reads: RequestReads,
): Promise<readonly Candidate[]> {
  const { state, clock, popular, trained } = parts;
  const person = await personOf(state, request.userId, reads);
  await reads.knows(state.popularity);
  if (!popular.isJudged) await reads.within("database_query", () => popular.judged());
  const taken = takenItems(person.history, clock.nowMs());
  const near = taken.slice(0, TAKEN_WITH_NEIGHBOURS).map(({ itemId }) => itemId);
  const asked = [...new Set([request.itemId, ...near])];
  const neighbours = await reads.values(state.stream.neighbours, asked, "database_query");
  const hits = new Map(
    asked.map((itemId, place) => [itemId, behaviorHits(itemId, neighbours[place], trained)]),
  );
  const own = (await cardsOf(state, [request.itemId], reads))(request.itemId);
  const merged = merge(parts, request, person, hits.get(request.itemId) ?? NO_HITS, own);
  const cardOf = await cardsOf(state, [...merged.map(({ itemId }) => itemId), ...near], reads);
  const behaviorOf = (itemId: string) => hits.get(itemId);
  const personal =
    taken.length === 0 ? merged : personalise({ candidates: merged, taken, behaviorOf, cardOf });
  return diversify(cutBottom(personal), lambdaOf(request), request.limit, cardOf);
}

function personOf(state: ServingState, userId: string | null, reads: RequestReads): MaybePromise<Person> {
  if (userId === null) return NOBODY;
  const request = { userId, sessionId: null, k: 0, exclude: NOTHING };
  return chain(findViewer(state, request, reads), (viewer) => ({
    history: mergeHistory(timedEvents(viewer), viewer.overlay, HISTORY),
    hidden: viewer.hidden,
  }));
}

function timedEvents({ profile: { table, slots, tsMs, weights } }: Viewer): ProfileEntry[] {
  const untimed = slots.length - tsMs.length;
  return Array.from(tsMs, (at, place) => ({
    itemId: table.nameOf(slots[untimed + place] as number),
    weight: weights[place] as number,
    tsMs: at,
  }));
}

function merge(
  { state, popular, trained, vectors, users, weights, observer }: RecallParts,
  { itemId }: CatalogueRequest,
  { history, hidden }: Person,
  behavior: Hits,
  own: CatalogCard | undefined,
): readonly Candidate[] {
  const vector = trained && vectors.hits(trained, itemId);
  const now = weightsFor(weights, {
    hasHistory: history.length > 0,
    behaviorNeighbours: behavior.size,
    hasVector: vector !== null,
    hasTags: own !== undefined && own.tags.length > 0,
  });
  const taken = new Set(history.map((entry) => entry.itemId));
  const unwanted = new Set([itemId, ...hidden]);
  const content = trained ? listHits(trained, "content", itemId) : NO_HITS;
  const byUsers = trained ? users.hits(trained, history) : NO_HITS;
  const alike = own ? alikeItems(state, own) : new Map<string, Likeness>();
  const untaken = popular.known().filter((each) => !taken.has(each));
  observer.recalled("behavior", behavior.size);
  observer.recalled("content", content.size);
  observer.recalled("vector", vector?.size ?? 0);
  observer.recalled("user_cf", byUsers.size);
  observer.recalled("alike", alike.size);
  observer.recalled("popular", untaken.length);
  return mergeCandidates({
    channels: [
      { name: "behavior", weight: now.behavior, hits: behavior },
      { name: "content", weight: now.content, hits: content },
      { name: "vector", weight: now.vector, hits: vector ?? NO_HITS },
      { name: "user_cf", weight: USER_CHANNEL_WEIGHT, hits: byUsers },
    ],
    alike,
    popular: untaken,
    popularWeight: now.popular,
    mayShow: (each) => !unwanted.has(each) && !state.visibility.items.has(each),
  }).slice(0, MAX_CANDIDATES);
}

function alikeItems({ cards }: ServingState, own: CatalogCard): ReadonlyMap<string, Likeness> {
  const tags = new Set(own.tags);
  const alike = new Map<string, Likeness>();
  for (const itemId of cards.index.candidates(own)) {
    const card = cards.get(itemId);
    if (card !== null) alike.set(itemId, likeness(own, tags, card));
  }
  return alike;
}

async function cardsOf(
  { cards }: ServingState,
  itemIds: readonly string[],
  reads: RequestReads,
): Promise<(itemId: string) => CatalogCard | undefined> {
  const missing = itemIds.filter((itemId) => cards.get(itemId) === null);
  const read = missing.length > 0 ? await reads.values(cards.outside, missing, "database_query") : [];
  const outside = new Map(missing.map((itemId, place) => [itemId, read[place]]));
  return (itemId) => cards.get(itemId) ?? outside.get(itemId);
}
