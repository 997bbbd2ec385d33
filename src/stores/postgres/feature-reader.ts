/** Reads features and titles for serving. */

import type { FeatureReader, ScoredItem } from "../../recommend/ports.ts";
import { textArray } from "./array-literal.ts";
import { cards, cardVersions, changedCards, newness, userAttributes } from "./feature-reader-cards.ts";
import { decayedOf, topDecayed } from "./feature-reader-decay.ts";
import { hiddenByUsers, hiddenItems, visibilityChanges } from "./feature-reader-hidden.ts";
import { neighbours } from "./feature-reader-neighbours.ts";
import { histories, recentEvents } from "./feature-reader-users.ts";
import type { Connection, Pool } from "./pool-types.ts";

interface ScoreRow {
  readonly item_id: string;
  readonly score: number;
}

interface RelatedRow extends ScoreRow {
  readonly prev_item_id: string;
}

interface ItemRow {
  readonly item_id: string;
  readonly title: string | null;
  readonly hidden: boolean;
}

export function createFeatureReader(pool: Pool): FeatureReader {
  return {
    popularity: (limit, deadline) => pool.use("read", deadline, (sql) => topPopularity(sql, limit)),
    popularityOf: (itemIds, deadline) => pool.use("read", deadline, (sql) => popularityOf(sql, itemIds)),
    related: (itemIds, limit, deadline) =>
      pool.use("read", deadline, (sql) => relatedItems(sql, itemIds, limit)),
    neighbours: (itemIds, limit, deadline) =>
      pool.use("read", deadline, (sql) => neighbours(sql, itemIds, limit)),
    histories: (userIds, limit, deadline) =>
      pool.use("read", deadline, (sql) => histories(sql, userIds, limit)),
    recentEvents: (userIds, limit, deadline) =>
      pool.use("read", deadline, (sql) => recentEvents(sql, userIds, limit)),
    decayedPopularity: (limit, deadline) => pool.use("read", deadline, (sql) => topDecayed(sql, limit)),
    decayedPopularityOf: (itemIds, deadline) => pool.use("read", deadline, (sql) => decayedOf(sql, itemIds)),
    hiddenItems: (after, limit, deadline) =>
      pool.use("read", deadline, (sql) => hiddenItems(sql, after, limit)),
    visibilityChanges: (windowMs, limit, deadline) =>
      pool.use("read", deadline, (sql) => visibilityChanges(sql, windowMs, limit)),
    hiddenByUsers: (userIds, deadline) => pool.use("read", deadline, (sql) => hiddenByUsers(sql, userIds)),
    cardVersions: (after, limit, deadline) =>
      pool.use("read", deadline, (sql) => cardVersions(sql, after, limit)),
    changedCards: (windowMs, limit, deadline) =>
      pool.use("read", deadline, (sql) => changedCards(sql, windowMs, limit)),
    cards: (itemIds, deadline) => pool.use("read", deadline, (sql) => cards(sql, itemIds)),
    newness: (itemIds, most, deadline) => pool.use("read", deadline, (sql) => newness(sql, itemIds, most)),
    userAttributes: (userIds, deadline) => pool.use("read", deadline, (sql) => userAttributes(sql, userIds)),
    items: (itemIds, deadline) => pool.use("read", deadline, (sql) => itemCards(sql, itemIds)),
  };
}

const scored = ({ item_id, score }: ScoreRow): ScoredItem => ({ itemId: item_id, score });

/** Walks `idx_item_popularity_score`; equal scores are put in item order, so that answers repeat. */
async function topPopularity(sql: Connection, limit: number) {
  const rows = await sql<ScoreRow[]>`
    select item_id, score::float8 as score from item_popularity
    order by item_popularity.score desc, item_id collate "C" limit ${limit}::int`;
  return rows.map(scored);
}

async function popularityOf(sql: Connection, itemIds: readonly string[]) {
  const rows = await sql<ScoreRow[]>`
    select item_id, score::float8 as score from item_popularity
    where item_id = any (${textArray(itemIds)}::text[])`;
  return rows.map(scored);
}

/** One walk of `idx_co_prev_cnt` an item. */
async function relatedItems(sql: Connection, itemIds: readonly string[], limit: number) {
  const related = new Map<string, ScoredItem[]>(itemIds.map((itemId) => [itemId, []]));
  const rows = await sql<RelatedRow[]>`
    select asked.item_id as prev_item_id, top.item_id, top.cnt::float8 as score
    from unnest(${textArray([...related.keys()])}::text[]) as asked(item_id)
    cross join lateral (
      select next_item_id as item_id, cnt from co_visitation
      where prev_item_id = asked.item_id and cnt > 0
      order by cnt desc, next_item_id collate "C" limit ${limit}::int
    ) as top`;
  for (const row of rows) related.get(row.prev_item_id)?.push(scored(row));
  return related;
}

async function itemCards(sql: Connection, itemIds: readonly string[]) {
  const rows = await sql<ItemRow[]>`
    select item_id, title, hidden from items where item_id = any (${textArray(itemIds)}::text[])`;
  return rows.map(({ item_id, title, hidden }) => ({ itemId: item_id, title, hidden }));
}
