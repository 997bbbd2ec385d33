/** What must hold once everything has come to rest (spec chapter 04, section 9). */

import { foldInteractions } from "../../src/events/fold.ts";
import { itemsOf, pairsOf, SETTINGS } from "../support/fold-stories.ts";
import type { StoredRow } from "./outbox-model.ts";
import type { Stores } from "./stores.ts";
import type { World } from "./world.ts";

/** Nothing waits: no row to publish, no record to consume. */
export function isDrained({ outbox, log, consumer }: Stores): boolean {
  if (outbox.count("pending") > 0) return false;
  for (const topic of log.topics.values()) {
    for (const [partition, { records }] of topic.partitions.entries()) {
      const place = { topic: topic.name, topicId: topic.id, partition };
      if (records.length > 0 && Number(consumer.storedOffset(place)) !== records.length) return false;
    }
  }
  return true;
}

/** What keeps it from being drained. */
export function describeBacklog({ outbox, log, consumer }: Stores): string {
  const lags = [...log.topics.values()].flatMap((topic) =>
    topic.partitions.map(({ records }, partition) => {
      const place = { topic: topic.name, topicId: topic.id, partition };
      return `${topic.id}/${partition} ${consumer.storedOffset(place)} of ${records.length}`;
    }),
  );
  return `${outbox.count("pending")} rows pending; ${lags.join(", ")}`;
}

export function checkAll(world: World, stores: Stores): void {
  checkNothingLost(world, stores);
  checkForeign(world, stores);
  checkEffects(world, stores);
  checkOrder(world, stores);
}

/** I1: every stored event is applied, a dead letter, or a dead row; every acknowledged one is stored. */
function checkNothingLost(world: World, { history, ingest, outbox, consumer, letters }: Stores): void {
  const rows = new Map([...outbox.rows.values()].map((row) => [row.eventKey, row]));
  const lettered = new Set(letters.pending().map(({ record }) => record.headers["event_id"]));
  for (const { key, event, acknowledged, poison } of history.posted.values()) {
    if (acknowledged && !ingest.facts.has(key))
      world.violate("I1", `${key} was acknowledged and is not stored`);
    if (!ingest.facts.has(key) || event.kind === "direct") continue;
    const row = rows.get(key);
    if (!row) world.violate("I1", `${key} has no outbox row`);
    const isDead = row?.status === "dead" && (poison === "payload" || poison === "too_large");
    if (consumer.markers.has(key) || isDead) continue;
    if (lettered.has(event.eventId) && poison !== null) continue;
    world.violate("I1", `${key} was neither applied nor kept as a dead letter; its row is ${row?.status}`);
  }
}

/** A6: messages that cannot be read are dead letters, foreign ones are passed over. */
function checkForeign(world: World, { log, letters }: Stores): void {
  for (const topic of log.topics.values()) {
    for (const record of topic.partitions.flatMap(({ records }) => records)) {
      const expected = record.headers["expect"];
      const errorClass = letters.errorClassOf(record);
      // Two processes may have died with the record in hand, whatever it is.
      if (expected === undefined || errorClass === "handler") continue;
      if ((errorClass !== undefined) === (expected === "dead")) continue;
      world.violate("I1", `${topic.id}/${record.partition}/${record.offset} should be ${expected}`);
    }
  }
}

/** I2 and I3: one effect an event, and features that are the fold of the applied events. */
function checkEffects(world: World, { history, features, consumer, ingest }: Stores): void {
  const expected = [...history.posted.values()].flatMap(({ key, event }) => {
    if (event.kind === "direct") return ingest.facts.has(key) ? [event.eventId as string] : [];
    return event.kind === "watch" && consumer.markers.has(key) ? [key] : [];
  });
  const applied = features.applied.map(({ eventId }) => eventId);
  same(world, "I2", "applied events", applied.sort(), expected.sort());
  const exposures = new Map<string, number>();
  for (const { key, event } of history.posted.values()) {
    if (event.kind !== "impression" || !consumer.markers.has(key)) continue;
    for (const { itemId } of event.items) exposures.set(itemId, (exposures.get(itemId) ?? 0) + 1);
  }
  same(world, "I2", "impressions", sorted(features.exposures), sorted(exposures));
  const fold = foldInteractions(features.applied, SETTINGS);
  const { tables } = features;
  same(world, "I3", "popularity", sorted(tables.popularity), sorted(fold.popularity));
  same(world, "I3", "histories", ordered(tables.history()), ordered(itemsOf(fold.history)));
  same(world, "I3", "transitions", ordered(tables.pairs), ordered(withoutZeros(pairsOf(fold.transitions))));
  same(world, "I3", "rules", ordered(tables.rules), ordered(pairsOf(fold.rules)));
}

/** I4: what was committed before another row of its key was begun comes first in the log. */
function checkOrder(world: World, { outbox, history }: Stores): void {
  const keys = Map.groupBy(outbox.rows.values(), ({ topic, key }) => `${topic} ${key}`);
  for (const rows of keys.values()) {
    const alive = rows.filter((row) => !row.wasDead && history.firstAppends.has(row.eventKey));
    const place = (row: StoredRow) => history.firstAppends.get(row.eventKey) as number;
    for (const earlier of alive) {
      const overtaker = alive.find(
        (later) => later.begunStep > earlier.committedStep && place(later) < place(earlier),
      );
      if (overtaker) world.violate("I4", `${overtaker.eventKey} came before ${earlier.eventKey}`);
    }
  }
}

function same(world: World, invariant: string, what: string, actual: unknown, expected: unknown): void {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== should) world.violate(invariant, `${what}: ${is} instead of ${should}`);
}

const sorted = (map: ReadonlyMap<string, number>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
const ordered = (record: Readonly<Record<string, unknown>>) =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
const withoutZeros = (pairs: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(pairs).filter(([, count]) => count !== 0));
