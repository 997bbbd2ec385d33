/** Reads histories through the product's cache, and checks what it serves against the store (I8). */

import { Deadline } from "../../src/core/deadline.ts";
import { KeyedCache } from "../../src/recommend/keyed-cache.ts";
import type { HistoryVersion } from "./features-model.ts";
import type { Realm } from "./realm.ts";
import type { StorePorts } from "./store-ports.ts";
import type { Stores } from "./stores.ts";
import type { World } from "./world.ts";

export const CACHE_TTL_MS = 4_000;
const READ_TIMEOUT_MS = 500;

export class CacheProbe {
  readonly #world: World;
  readonly #realm: Realm;
  readonly #stores: Stores;
  readonly #cache: KeyedCache<HistoryVersion>;
  /** user -> version that the store held when this process learnt of a change. */
  readonly #floors = new Map<string, number>();
  #invalidations = 0;

  constructor(world: World, realm: Realm, stores: Stores, ports: StorePorts) {
    this.#world = world;
    this.#realm = realm;
    this.#stores = stores;
    this.#cache = new KeyedCache({
      load: (userIds) =>
        ports.call(
          "histories",
          Deadline.after(READ_TIMEOUT_MS, realm.clock),
          () => new Map(userIds.map((userId) => [userId, stores.features.historyOf(userId)])),
        ),
      clock: realm.clock,
      maxKeys: 100,
      maxLoad: 10,
      ttlMs: CACHE_TTL_MS,
      enabled: true,
    });
  }

  invalidate(userIds: readonly string[]): void {
    this.#invalidations++;
    for (const userId of userIds) {
      this.#floors.set(userId, this.#stores.features.historyOf(userId).version);
      this.#cache.invalidate(userId);
    }
  }

  /** A read that begins after an invalidation serves nothing from before it. */
  async read(userId: string): Promise<void> {
    const floor = this.#floors.get(userId) ?? 0;
    const before = this.#invalidations;
    let served: HistoryVersion | undefined;
    try {
      served = this.#cache.get(userId) ?? (await this.#cache.fill([userId])).get(userId);
    } catch {
      return; // The store is out of reach: nothing is served, which is another test's subject.
    }
    if (!served) return;
    this.#world.sometimes("a cache read was overtaken by an invalidation", before !== this.#invalidations);
    const stored = this.#stores.features.historyOf(userId);
    const isTorn = served.version === stored.version && served.itemIds !== stored.itemIds;
    if (served.version < floor || served.version > stored.version || isTorn) {
      const { name } = this.#realm;
      this.#world.violate(
        "I8",
        `${name} serves version ${served.version} of ${userId}; ${floor} to ${stored.version} are right`,
      );
    }
  }

  /** What would be served now without asking the store: equal to it, or nothing. */
  checkQuiet(userId: string): void {
    const served = this.#cache.get(userId);
    if (served && served.version !== this.#stores.features.historyOf(userId).version) {
      this.#world.violate("I8", `${this.#realm.name} still serves an old history of ${userId}`);
    }
  }
}
