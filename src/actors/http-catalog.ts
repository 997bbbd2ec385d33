/** Joins the catalogue's stores with what an http worker holds in memory. */

import type { ItemStore, UserStore } from "../catalog/ports.ts";
import type { PagedLists } from "../recommend/ports.ts";
import { createItemStore } from "../stores/postgres/item-store.ts";
import { createKeptListStore } from "../stores/postgres/kept-list-store.ts";
import { createUserStore } from "../stores/postgres/user-store.ts";
import type { ActorContext } from "../supervisor/actor.ts";
import type { HealthMonitor } from "./http-health.ts";
import { type Announcements, onKnownSchema } from "./http-wiring.ts";
import type { Realm } from "./realm.ts";
import type { ActorArgs } from "./tree.ts";

/** Hidden items come to all workers of all trees by the same way: they ask the store. */
export function openItems({ pool }: Realm, health: HealthMonitor): ItemStore {
  const store = createItemStore(pool);
  return {
    ...store,
    upsert: onKnownSchema(health, store.upsert),
    hide: onKnownSchema(health, store.hide),
  };
}

/** Any worker of any node continues them. */
export function openPagedLists({ pool }: Realm, health: HealthMonitor): PagedLists {
  const store = createKeptListStore(pool);
  return { ...store, keep: onKnownSchema(health, store.keep) };
}

/** What users hide, and events that change hands, make old what all nodes remember of them. */
export function openUsers(
  context: ActorContext<ActorArgs>,
  { pool }: Realm,
  announce: Announcements,
  health: HealthMonitor,
): UserStore {
  const changed = (userIds: readonly string[], relatedItemIds: readonly string[] = []) => {
    announce.applied({ userIds, itemIds: [], relatedItemIds, ruleItemIds: relatedItemIds, eventIds: [] });
  };
  const store = createUserStore(pool, context.args.config.consumer.historySize);
  return {
    get: store.get,
    put: onKnownSchema(health, store.put),
    hideItem: onKnownSchema(health, async (hidden, deadline) => {
      const outcome = await store.hideItem(hidden, deadline);
      changed([hidden.userId]);
      return outcome;
    }),
    showItem: onKnownSchema(health, async (userId, itemId, deadline) => {
      await store.showItem(userId, itemId, deadline);
      changed([userId]);
    }),
    merge: onKnownSchema(health, async (from, to, actor, deadline) => {
      const outcome = await store.merge(from, to, actor, deadline);
      if (outcome.kind === "merged") changed([from, to], outcome.relatedItemIds);
      return outcome;
    }),
  };
}
