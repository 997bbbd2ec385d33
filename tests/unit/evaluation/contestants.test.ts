/** Contestants over a training log rank as the models of an evaluation do over the events themselves. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { Contestants } from "../../../src/evaluation/contestants.ts";
import { FrozenFeatures } from "../../../src/evaluation/frozen-features.ts";
import { meanRank } from "../../../src/evaluation/mean-rank.ts";
import { offlineModels } from "../../../src/evaluation/models.ts";
import type { Interaction } from "../../../src/events/model.ts";
import { trainingLogOf } from "../../../src/models/training-log.ts";

const HALF_LIFE_HOURS = 1;

const takes = fc.array(
  fc.record({ user: fc.nat(5), item: fc.nat(14), signal: fc.constantFrom("view", "click", "purchase") }),
  { minLength: 1, maxLength: 80 },
);

const eventsOf = (taken: typeof takes extends fc.Arbitrary<infer T> ? T : never): Interaction[] =>
  taken.map(({ user, item, signal }, place) => ({
    eventId: `e-${place}`,
    userId: `u${user}`,
    itemId: `i${String(item).padStart(2, "0")}`,
    signal: signal as Interaction["signal"],
    tsMs: 1_000_000 * (place + 1),
    origin: "direct",
  }));

test("popularity, rules-v1 and stream-v1 give each item the same rank", () => {
  fc.assert(
    fc.property(takes, fc.nat(5), (taken, user) => {
      const events = eventsOf(taken);
      const log = trainingLogOf(events);
      const features = new FrozenFeatures(events, HALF_LIFE_HOURS);
      const offline = new Map(offlineModels(features).map(({ name, rank }) => [name, rank]));
      const itemIds = events.filter(({ userId }) => userId === `u${user}`).map(({ itemId }) => itemId);
      const numbers = Int32Array.from(itemIds, (itemId) => log.itemIds.indexOf(itemId));
      const slots = Int32Array.from(itemIds, (itemId) => features.table.intern(itemId));
      const weights = new Uint8Array(itemIds.length).fill(1);
      for (const { name, rank } of new Contestants(log.itemIds, log, HALF_LIFE_HOURS).all({})) {
        const found = rank(numbers, weights);
        const wanted = offline.get(name)?.({ itemIds, slots, weights, isGuest: false });
        for (const itemId of log.itemIds) {
          const rankIn = (list: typeof found) => meanRank(list, itemId);
          expect([name, itemId, rankIn(found)]).toEqual([name, itemId, wanted ? rankIn(wanted) : Number.NaN]);
        }
      }
    }),
    { numRuns: 200 },
  );
});
