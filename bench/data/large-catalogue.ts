/** Makes up what very many users took from a very large catalogue, user by user: nothing is held but the user at hand. */

import { seededRandom } from "../../src/core/random.ts";
import { itemName, userName } from "./names.ts";

export interface CatalogueOptions {
  readonly items: number;
  readonly users: number;
  readonly seed: number;
}

export interface CatalogueEvent {
  readonly userId: string;
  readonly itemId: string;
  readonly signal: "view" | "click" | "purchase";
  readonly tsMs: number;
}

const FIRST_DAY_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const DAYS = 60;
const ITEMS_PER_CLUSTER = 100;
/** Of a user, each liked less than the one before. */
const CLUSTERS_PER_USER = 4;
const COMPANIONS = 6;
const FOLLOWS = 0.3;
const SAME_CLUSTER = 0.55;
const FEWEST = 4;
const MOST = 200;
/** Of the power law of events a user: P(at least n) = (n / 4)^-1.5. */
const TAIL = 1.5;

/**
 * User u has the numbers of a generator of their own, so that a part of the users is the same whatever the whole. Events
 * a user follow a power law, and so do clusters and items within a cluster. What comes next is a companion of the item (.3),
 * another item of the user's clusters (.55) or anything popular (.15); sessions of about five events are spread over 60 days.
 */
export function* catalogueEvents({ items, users, seed }: CatalogueOptions): Generator<CatalogueEvent> {
  const clusters = Math.max(1, Math.floor(items / ITEMS_PER_CLUSTER));
  for (let user = 0; user < users; user++) {
    const random = seededRandom(Math.imul(seed, 2_654_435_761) ^ Math.imul(user + 1, 40_503));
    const skewed = (count: number, power: number) => Math.floor(count * random.next() ** power);
    const liked = Array.from({ length: CLUSTERS_PER_USER }, () => skewed(clusters, 2));
    const inCluster = () => {
      const cluster = liked[skewed(liked.length, 2)] as number;
      return cluster + clusters * skewed(ITEMS_PER_CLUSTER, 2);
    };
    const length = Math.min(MOST, Math.floor(FEWEST * (1 - random.next()) ** (-1 / TAIL)));
    let item = inCluster();
    let tsMs = FIRST_DAY_MS + random.next() * DAYS * DAY_MS;
    for (let event = 0; event < length; event++) {
      const chance = random.next();
      const signal = chance < 0.7 ? "view" : chance < 0.95 ? "click" : "purchase";
      yield { userId: userName(user), itemId: itemName(item), signal, tsMs: Math.floor(tsMs) };
      const stays = random.next() < 0.8;
      tsMs += stays ? 10_000 + 120_000 * random.next() : DAY_MS * random.next();
      const draw = random.next();
      if (draw < FOLLOWS) item = companionOf(item, skewed(COMPANIONS, 2), clusters, items);
      else item = draw < FOLLOWS + SAME_CLUSTER ? inCluster() : skewed(items, 3);
    }
  }
}

/** Fixed for each item, of the same cluster. */
const companionOf = (item: number, which: number, clusters: number, items: number) =>
  (item + clusters * (1 + ((Math.imul(item, 2_654_435_761) >>> 8) % 40) + 7 * which)) % items;
