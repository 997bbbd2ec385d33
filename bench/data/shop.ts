/** Makes up the sessions of a shop: guests who look for one thing, follow what goes with it, and meet what is new. */

import { seededRandom } from "../../src/core/random.ts";

export interface ShopOptions {
  readonly items: number;
  readonly sessions: number;
  readonly seed: number;
}

export interface ShopEvent {
  readonly userId: string;
  readonly itemId: string;
  readonly tsMs: number;
}

const FIRST_DAY_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const DAYS = 14;
const ITEMS_PER_TOPIC = 100;
/** Items that go with an item, the first far more often than the last. */
const COMPANIONS = 8;
const FOLLOWS = 0.55;
const SAME_TOPIC = 0.3;
const ENDS = 0.2;
/** Share of items that are there from the first day; the others come one by one. */
const OLD_SHARE = 0.8;

/**
 * In order of time, one session after the other. What comes next is a companion of the item (.55), another item of the
 * topic (.3) or anything (.15); popularity is skewed; a session ends with .2 after each event; every third guest comes back.
 */
export function* shopEvents({ items, sessions, seed }: ShopOptions): Generator<ShopEvent> {
  const random = seededRandom(seed);
  const topics = Math.max(1, Math.floor(items / ITEMS_PER_TOPIC));
  const skewed = (count: number) => Math.floor(count * random.next() ** 3);
  for (let session = 0; session < sessions; session++) {
    const share = session / sessions;
    const known = Math.max(1, Math.floor(items * (OLD_SHARE + (1 - OLD_SHARE) * share)));
    const guest = random.next() < 1 / 3 ? Math.floor(random.next() * (session + 1)) : session;
    const topic = skewed(topics);
    const inTopic = () => (topic + topics * skewed(Math.ceil(known / topics))) % known;
    let item = inTopic();
    let tsMs = FIRST_DAY_MS + share * DAYS * DAY_MS;
    do {
      yield { userId: `session:${guest}`, itemId: `p${item}`, tsMs: Math.floor(tsMs) };
      tsMs += 5_000 + 60_000 * random.next();
      const draw = random.next();
      if (draw < FOLLOWS)
        item = companionOf(item, Math.floor(COMPANIONS * random.next() ** 2), topics, known);
      else item = draw < FOLLOWS + SAME_TOPIC ? inTopic() : skewed(known);
    } while (random.next() > ENDS);
  }
}

/** Fixed for each item, of the same topic. */
const companionOf = (item: number, which: number, topics: number, known: number) =>
  (item + topics * (1 + ((Math.imul(item, 2_654_435_761) >>> 8) % 40) + 7 * which)) % known;
