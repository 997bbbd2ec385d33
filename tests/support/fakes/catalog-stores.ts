/** The catalogue's stores in memory. */

import type { CatalogItem } from "../../../src/catalog/item.ts";
import type { ItemStore, StoredItem, StoredUser, UserStore } from "../../../src/catalog/ports.ts";
import { HIDDEN_ITEMS_MAX } from "../../../src/catalog/user.ts";

/** Runs inside every call, before it does anything: a throw fails the call. */
interface Hook {
  readonly store: () => Promise<void>;
}

const TIMES = { createdAtMs: 1_767_225_600_000, updatedAtMs: 1_767_225_600_123 };

export function fakeItems(hook: Hook): ItemStore {
  const items = new Map<string, StoredItem>();
  const write = (item: CatalogItem) => {
    const version = (items.get(item.itemId)?.version ?? 0) + 1;
    items.set(item.itemId, { ...item, ...TIMES, version });
    return version === 1;
  };
  return {
    async upsert(given) {
      await hook.store();
      const inserted = given.map(write).filter(Boolean).length;
      return { inserted, updated: given.length - inserted };
    },
    async get(itemId) {
      await hook.store();
      return items.get(itemId) ?? null;
    },
    async list(after, limit) {
      await hook.store();
      const ids = [...items.keys()].sort().filter((itemId) => itemId > (after ?? ""));
      return ids.slice(0, limit).map((itemId) => items.get(itemId) as StoredItem);
    },
    async hide(itemId) {
      await hook.store();
      const item = items.get(itemId);
      if (item) write({ ...item, hidden: true });
      return item !== undefined;
    },
  };
}

export function fakeUsers(hook: Hook): UserStore {
  const users = new Map<string, StoredUser>();
  const hidden = new Map<string, Set<string>>();
  const hiddenBy = (userId: string) => {
    const own = hidden.get(userId) ?? new Set<string>();
    hidden.set(userId, own);
    return own;
  };
  return {
    async put(user) {
      await hook.store();
      const status = users.has(user.userId) ? "updated" : "created";
      users.set(user.userId, { ...user, ...TIMES });
      return status;
    },
    async get(userId) {
      await hook.store();
      return users.get(userId) ?? null;
    },
    async hideItem({ userId, itemId }) {
      await hook.store();
      const own = hiddenBy(userId);
      if (own.size >= HIDDEN_ITEMS_MAX && !own.has(itemId)) return "full";
      own.add(itemId);
      return "hidden";
    },
    async showItem(userId, itemId) {
      await hook.store();
      hiddenBy(userId).delete(itemId);
    },
    async merge(from) {
      await hook.store();
      if (from === "busy-bot") return { kind: "too_many" };
      return { kind: "merged", moved: { events: 3, hiddenItems: 1 }, relatedItemIds: [] };
    },
  };
}
