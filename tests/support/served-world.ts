/** A made-up world in which it is known what any policy would bring: slates served with exploration, and people who click. */

import { type Random, seededRandom } from "../../src/core/random.ts";
import type { LoggedSlate, ShownItem } from "../../src/evaluation/ope/logged-slate.ts";

const K = 4;
const ITEMS = 10;
const EPSILON = 0.4;
const USERS = 300;
const SLATES_PER_USER = 8;
/** Watched after each click. */
const WATCH_SEC = 30;
/** Of looking at the next position, and of going on after a click. */
const LOOKS_ON = 0.9;
const GOES_ON = 0.5;

/** By kind of user: what the logging policy ranks, best first; all below the cut may be explored. */
const LOGGED = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
];
/** What another policy shows: items that the logging policy shows, too, or explores. */
export const TARGET = [
  [0, 5, 1, 2],
  [9, 8, 7, 1],
];

/** How much a kind of user likes an item, if it is looked at. */
const liking = (kind: number, item: number) => 0.05 + 0.4 * (((item * 7 + kind * 3) % ITEMS) / ITEMS);

/** What the other policy brings: clicks a shown item, and seconds a shown item. */
export function truth(): { readonly clicks: number; readonly watchSec: number } {
  let clicks = 0;
  for (const [kind, list] of TARGET.entries()) {
    let untouched = 1;
    for (const [position, item] of list.entries()) {
      const looked = LOOKS_ON ** position * liking(kind, item);
      clicks += looked * (untouched + GOES_ON * (1 - untouched));
      untouched *= 1 - looked;
    }
  }
  const perItem = clicks / TARGET.length / K;
  return { clicks: perItem, watchSec: perItem * WATCH_SEC };
}

/** By a policy that explores at every position, with the propensities of docs and specification. */
export function servedSlates(seed: number, epsilon = EPSILON): LoggedSlate[] {
  const random = seededRandom(seed);
  return Array.from({ length: USERS * SLATES_PER_USER }, (_, index) => {
    const user = index % USERS;
    const kind = user % LOGGED.length;
    return {
      userId: `user-${user}`,
      shown: clickedOn(kind, draw(LOGGED[kind] as number[], epsilon, random), random),
      target: (TARGET[kind] as number[]).map(String),
    };
  });
}

interface Drawn {
  readonly item: number;
  readonly propensity: number;
}

function draw(ranked: readonly number[], epsilon: number, random: Random): Drawn[] {
  const slate: Drawn[] = [];
  for (let position = 0; position < K; position++) {
    const free = (item: number) => !slate.some((placed) => placed.item === item);
    const greedy = ranked.find(free) as number;
    const pool = ranked.slice(K).filter(free);
    const explores = random.next() < epsilon;
    const item = explores ? (pool[Math.floor(random.next() * pool.length)] as number) : greedy;
    const propensity =
      (item === greedy ? 1 - epsilon : 0) + (pool.includes(item) ? epsilon / pool.length : 0);
    slate.push({ item, propensity });
  }
  return slate;
}

function clickedOn(kind: number, slate: readonly Drawn[], random: Random): ShownItem[] {
  let touched = false;
  return slate.map(({ item, propensity }, position) => {
    const chance = LOOKS_ON ** position * liking(kind, item) * (touched ? GOES_ON : 1);
    const clicked = random.next() < chance;
    touched ||= clicked;
    return { itemId: String(item), propensity, clicked, watchSec: clicked ? WATCH_SEC : 0 };
  });
}
