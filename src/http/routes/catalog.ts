/** The routes of catalogue items: what the application tells about what it offers. */

import { parseItemBody, parseItemsBody } from "../../catalog/item-fields.ts";
import type { StoredItem } from "../../catalog/ports.ts";
import type { ItemId } from "../../core/ids.ts";
import { intField } from "../../events/field.ts";
import { idField } from "../../events/id-field.ts";
import { readJson } from "../body.ts";
import { cursorField, cursorOf } from "../cursor.ts";
import { failure, invalid } from "../errors.ts";
import { pathReader } from "../path-parameters.ts";
import { eachParameter, QueryReader } from "../query.ts";
import { instant, json, NO_CONTENT } from "../reply.ts";
import type { Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

export const ITEM_PATH = "/catalog/items/:item_id";
export const ITEMS_DEFAULT_LIMIT = 50;
export const itemsLimitField = intField({ min: 1, max: 200 });

const ITEM_NOT_FOUND = failure(404, "not_found", "Item not found");
const itemPath = pathReader<{ item_id: ItemId }>(ITEM_PATH, { item_id: idField<ItemId>() });

type Handle = Route["handle"];

export function catalogHandlers({
  config,
  items,
}: HttpServices): Record<"put" | "get" | "remove" | "list" | "bulk", Handle> {
  return {
    async put(call) {
      const path = itemPath(call.request.url);
      if (!path.ok) return invalid(path.error);
      const body = await readJson(call, config.http.maxBodyBytes);
      if (!body.ok) return body.error;
      const item = parseItemBody(path.value.item_id, body.value);
      if (!item.ok) return invalid(item.error);
      const { inserted } = await items.upsert([item.value], call.deadline);
      return json(200, { item_id: item.value.itemId, status: inserted === 1 ? "created" : "updated" });
    },
    async bulk(call) {
      const body = await readJson(call, config.http.maxBodyBytes);
      if (!body.ok) return body.error;
      const parsed = parseItemsBody(body.value);
      if (!parsed.ok) return invalid(parsed.error);
      const counts = await items.upsert(parsed.value, call.deadline);
      return json(200, { count: parsed.value.length, ...counts });
    },
    async get(call) {
      const path = itemPath(call.request.url);
      if (!path.ok) return invalid(path.error);
      const item = await items.get(path.value.item_id, call.deadline);
      return item === null ? ITEM_NOT_FOUND : json(200, shown(item));
    },
    async remove(call) {
      const path = itemPath(call.request.url);
      if (!path.ok) return invalid(path.error);
      return (await items.hide(path.value.item_id, call.deadline)) ? NO_CONTENT : ITEM_NOT_FOUND;
    },
    async list(call) {
      const reader = new QueryReader();
      const given: { limit?: string | null; cursor?: string | null } = {};
      eachParameter(call.query, (name, value) => {
        if (name === "limit" || name === "cursor") given[name] = value;
      });
      const limit = reader.optional("limit", given.limit, itemsLimitField) ?? ITEMS_DEFAULT_LIMIT;
      const after = reader.optional("cursor", given.cursor, cursorField) ?? null;
      if (reader.issues.length > 0) return invalid(reader.issues);
      // One more than asked for tells whether there is a next page.
      const found = await items.list(after, limit + 1, call.deadline);
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      return json(200, { items: page.map(shown), next_cursor: last ? cursorOf(last.itemId) : null });
    },
  };
}

function shown(item: StoredItem): object {
  return {
    item_id: item.itemId,
    title: item.title,
    price: item.price,
    cover_image: item.coverImage,
    category: item.category,
    tags: item.tags,
    author: item.author,
    verified: item.verified,
    published_at: item.publishedAtMs === null ? null : instant(item.publishedAtMs),
    hidden: item.hidden,
    attributes: item.attributes,
    version: item.version,
    created_at: instant(item.createdAtMs),
    updated_at: instant(item.updatedAtMs),
  };
}
