/** Puts a breaker and a firm deadline in front of every store read of serving. */

import { type Breaker, BreakerOpenError } from "../core/breaker.ts";
import { type Deadline, DeadlineExceededError } from "../core/deadline.ts";
import { StoreUnavailableError } from "../core/errors.ts";
import type { CatalogueReader } from "./catalogue/ports.ts";
import type { FeatureReader } from "./ports.ts";

/** Infrastructure trouble: what opens the breaker. A refusal of the data itself says that the store answers. */
const isFailure = (error: unknown) =>
  error instanceof StoreUnavailableError || error instanceof DeadlineExceededError;

/**
 * The same reader, but each read settles by its deadline even when the store hangs (DeadlineExceededError), and is
 * refused at once (BreakerOpenError) while the breaker is open: a frozen store then costs nobody a timeout.
 */
export function guardReader(reader: FeatureReader, breaker: Breaker): FeatureReader {
  const guarded = guardedBy(breaker);
  return {
    popularity: (limit, deadline) => guarded(deadline, () => reader.popularity(limit, deadline)),
    popularityOf: (itemIds, deadline) => guarded(deadline, () => reader.popularityOf(itemIds, deadline)),
    related: (itemIds, limit, deadline) => guarded(deadline, () => reader.related(itemIds, limit, deadline)),
    neighbours: (itemIds, limit, deadline) =>
      guarded(deadline, () => reader.neighbours(itemIds, limit, deadline)),
    histories: (userIds, limit, deadline) =>
      guarded(deadline, () => reader.histories(userIds, limit, deadline)),
    recentEvents: (userIds, limit, deadline) =>
      guarded(deadline, () => reader.recentEvents(userIds, limit, deadline)),
    decayedPopularity: (limit, deadline) =>
      guarded(deadline, () => reader.decayedPopularity(limit, deadline)),
    decayedPopularityOf: (itemIds, deadline) =>
      guarded(deadline, () => reader.decayedPopularityOf(itemIds, deadline)),
    hiddenItems: (after, limit, deadline) =>
      guarded(deadline, () => reader.hiddenItems(after, limit, deadline)),
    visibilityChanges: (windowMs, limit, deadline) =>
      guarded(deadline, () => reader.visibilityChanges(windowMs, limit, deadline)),
    hiddenByUsers: (userIds, deadline) => guarded(deadline, () => reader.hiddenByUsers(userIds, deadline)),
    cardVersions: (after, limit, deadline) =>
      guarded(deadline, () => reader.cardVersions(after, limit, deadline)),
    changedCards: (windowMs, limit, deadline) =>
      guarded(deadline, () => reader.changedCards(windowMs, limit, deadline)),
    cards: (itemIds, deadline) => guarded(deadline, () => reader.cards(itemIds, deadline)),
    newness: (itemIds, most, deadline) => guarded(deadline, () => reader.newness(itemIds, most, deadline)),
    userAttributes: (userIds, deadline) => guarded(deadline, () => reader.userAttributes(userIds, deadline)),
    items: (itemIds, deadline) => guarded(deadline, () => reader.items(itemIds, deadline)),
  };
}

/** As `guardReader`. */
export function guardCatalogueReader(reader: CatalogueReader, breaker: Breaker): CatalogueReader {
  const guarded = guardedBy(breaker);
  return {
    activity: (itemIds, countUpTo, deadline) =>
      guarded(deadline, () => reader.activity(itemIds, countUpTo, deadline)),
    signalPoints: (windowMs, limit, deadline) =>
      guarded(deadline, () => reader.signalPoints(windowMs, limit, deadline)),
    trendingScores: (itemIds, limit, deadline) =>
      guarded(deadline, () => reader.trendingScores(itemIds, limit, deadline)),
  };
}

const guardedBy =
  (breaker: Breaker) =>
  <T>(deadline: Deadline, read: () => Promise<T>) =>
    breaker.run(() => deadline.race(read()), isFailure);

/** Which cause of the fallback ladder a failed read is. */
export function degradeCause(error: unknown): "timeout" | "overload" | "error" {
  if (error instanceof DeadlineExceededError) return "timeout";
  if (error instanceof BreakerOpenError || !(error instanceof StoreUnavailableError)) return "error";
  if (error.reason === "timeout") return "timeout";
  return error.reason === "pool" ? "overload" : "error";
}
