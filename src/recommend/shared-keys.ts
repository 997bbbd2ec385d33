/**
 * Keys and JSON texts of the shared cache.
 *
 * Ids stand last, or before a number that is the last part: no two ids share a key, whatever they hold. A user's items,
 * their times and their signals are texts under keys of their own, which are filled, found and invalidated together.
 */

import { SIGNAL_WEIGHT } from "../events/model.ts";
import type { FeatureChange } from "../events/ports.ts";
import { POPULARITY_CAPACITY } from "./popularity-index.ts";
import type { HistoryEntry, ScoredItem, UserEvents } from "./ports.ts";
import { RELATED_LIMIT } from "./related-list.ts";

export const historyKeys = (userId: string) => [
  `reco:user_history:${userId}`,
  `reco:user_history_times:${userId}`,
];
export const seenKeys = (userId: string) => [
  `reco:seen:${userId}`,
  `reco:seen_times:${userId}`,
  `reco:seen_weights:${userId}`,
];
export const relatedKeys = (itemId: string) => [`reco:related:${itemId}:${RELATED_LIMIT}`];
export const POPULARITY_KEY = `reco:popularity:${POPULARITY_CAPACITY}`;

/** What `change` makes old, but for popularity, which changes with every event. */
export const keysOf = ({ userIds, relatedItemIds }: FeatureChange): string[] => [
  ...userIds.flatMap((userId) => [...historyKeys(userId), ...seenKeys(userId)]),
  ...relatedItemIds.flatMap(relatedKeys),
];

/** Item ids and times, oldest first. */
export const historyTexts = (history: readonly HistoryEntry[]): string[] => [
  JSON.stringify(history.map(({ itemId }) => itemId)),
  JSON.stringify(history.map(({ tsMs }) => tsMs)),
];

export function readHistory(texts: readonly string[]): readonly HistoryEntry[] | null {
  const events = readLists(texts);
  return events?.itemIds.map((itemId, place) => ({ itemId, tsMs: events.tsMs[place] as number })) ?? null;
}

/** Item ids, times and weights of signals, newest first. */
export const seenTexts = ({ itemIds, tsMs, weights }: UserEvents): string[] => [
  JSON.stringify(itemIds.toReversed()),
  JSON.stringify(tsMs.toReversed()),
  JSON.stringify(weights.toReversed()),
];

export function readSeen(texts: readonly string[]): UserEvents | null {
  const events = readLists(texts);
  const weights = readJson(texts[2] ?? "");
  if (events === null || !areWeights(weights) || weights.length !== events.itemIds.length) return null;
  return {
    itemIds: events.itemIds.toReversed(),
    tsMs: events.tsMs.toReversed(),
    weights: weights.toReversed(),
  };
}

const WEIGHTS: ReadonlySet<unknown> = new Set(Object.values(SIGNAL_WEIGHT));
const areWeights = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((weight) => WEIGHTS.has(weight));

/** A JSON object in the order of `items`: the text is put together here, because an object of ours would sort numbers. */
export const scoreTexts = (items: readonly ScoredItem[]): string[] => [
  `{${items.map(({ itemId, score }) => `${JSON.stringify(itemId)}:${score}`).join(",")}}`,
];

const MEMBER = /[{,]("(?:[^"\\]|\\.)*"):(-?\d[\d.e+-]*)/y;

/** Null where the text is not what `scoreTexts` writes. */
export function readScores([text = ""]: readonly string[]): readonly ScoredItem[] | null {
  if (text === "{}") return [];
  const items: ScoredItem[] = [];
  let end = 0;
  MEMBER.lastIndex = 0;
  for (let found = MEMBER.exec(text); found !== null; found = MEMBER.exec(text)) {
    const itemId = readJson(found[1] as string);
    if (typeof itemId !== "string") return null;
    items.push({ itemId, score: Number(found[2]) });
    end = MEMBER.lastIndex;
  }
  return end > 0 && text.slice(end) === "}" ? items : null;
}

function readLists([ids = "", times = ""]: readonly string[]): Omit<UserEvents, "weights"> | null {
  const itemIds = readJson(ids);
  const tsMs = readJson(times);
  const isPair = isList(itemIds, "string") && isList(tsMs, "number") && itemIds.length === tsMs.length;
  return isPair ? { itemIds: itemIds as string[], tsMs: tsMs as number[] } : null;
}

const isList = (value: unknown, kind: "string" | "number"): value is readonly unknown[] =>
  Array.isArray(value) && value.every((member) => typeof member === kind);

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // Somebody else's text: as good as none.
  }
}
