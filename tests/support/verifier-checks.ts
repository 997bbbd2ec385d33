/** A verifier of a test's database, and checks of it that hold for the real one and must fail on broken ones. */

import { expect } from "bun:test";
import { Verifier, type VerifierPorts } from "../../src/actors/verifier.ts";
import { retentionsOf } from "../../src/actors/verifier-decide.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { readEmbeddedBounds } from "../../src/stores/eventlog/embedded-bounds.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { VerifierStore } from "../../src/stores/postgres/verifier-store.ts";
import { GROUP, ingest, query, startConsumer, startRelay, TOPICS } from "./backbone.ts";
import { eventually } from "./eventually.ts";
import { anImpressionEvent, aWatchEvent } from "./plans.ts";

const DAY_MS = 86_400_000;
export const RETENTION = {
  outbox: { retentionHours: 72 },
  ingest: { maxEventAgeMs: 30 * DAY_MS, maxEventFutureMs: 300_000 },
  retention: { consumedDays: 14, dlqDays: 30, factDays: 180, slateDays: 7 },
  eventLog: { retentionHours: 168 },
};

/** What stands between a verifier and what it reads: nothing, or a mutant. */
export type WrapPorts = (ports: VerifierPorts) => VerifierPorts;

export function verifierOf(pool: Pool, wrap: WrapPorts = (ports) => ports): Verifier {
  return new Verifier(
    wrap({
      store: new VerifierStore(pool, GROUP),
      readBounds: (deadline) => readEmbeddedBounds(pool, Object.values(TOPICS), deadline),
      clock: systemClock,
      retentions: retentionsOf(RETENTION as never),
      settleMs: 0,
      maxFindings: 1_000,
    }),
  );
}

/** What is unaccounted for after so many rounds, as `type id: reason`. */
export async function found(pool: Pool, verifier: Verifier, rounds = 3): Promise<string[]> {
  for (let round = 0; round < rounds; round++) await verifier.round(Deadline.after(20_000));
  const rows = await query(
    pool,
    "select event_type || ' ' || event_id || ': ' || reason as text from verifier_finding order by 1",
  );
  return rows.map(({ text }) => String(text));
}

/** Three watches and three impressions, acknowledged; the items of each are its own. */
export async function acknowledge(pool: Pool, prefix = "verify"): Promise<void> {
  const numbers = [1, 2, 3];
  const tsMs = Date.now();
  await ingest(
    pool,
    numbers.map((n) =>
      aWatchEvent({
        tsMs,
        serverReceivedTsMs: tsMs,
        eventId: `${prefix}-w${n}`,
        userId: `u-${n}`,
        itemId: `${prefix}-i${n}`,
      }),
    ),
  );
  await ingest(
    pool,
    numbers.map((n) =>
      anImpressionEvent({
        tsMs,
        serverReceivedTsMs: tsMs,
        eventId: `${prefix}-s${n}`,
        userId: `u-${n}`,
        items: [{ itemId: `${prefix}-i${n}` as never, position: 0, feedId: null, slot: null }],
      }),
    ),
  );
}

const WAIT = { timeoutMs: 15_000 };

export async function publishAll(pool: Pool): Promise<void> {
  await using _relay = startRelay(pool);
  await eventually(
    async () =>
      expect(
        await query(pool, "select 1 from event_outbox where status in ('pending', 'publishing')"),
      ).toEqual([]),
    WAIT,
  );
}

/** Until the stored offsets are at the ends of the log. */
export async function consumeAll(pool: Pool): Promise<void> {
  await using _consumer = startConsumer(pool);
  await eventually(
    async () =>
      expect(
        await query(
          pool,
          `select 1 from event_log_partition p join event_log_topic t on t.topic = p.topic
           left join consumer_offset o on o.topic = p.topic and o.topic_id = t.topic_id and o.partition = p.partition
           where coalesce(o.next_offset, 0) < p.next_offset`,
        ),
      ).toEqual([]),
    WAIT,
  );
}

/** Nothing that is on its way, or has arrived, is unaccounted for: at any stop between. */
export async function checkQuietOnTheWay(pool: Pool, wrap?: WrapPorts): Promise<void> {
  const verifier = verifierOf(pool, wrap);
  await acknowledge(pool);
  expect(await found(pool, verifier)).toEqual([]);
  await publishAll(pool);
  expect(await found(pool, verifier)).toEqual([]);
  await consumeAll(pool);
  expect(await found(pool, verifier)).toEqual([]);
}

/** An event whose marker and features are gone is found, also when it was verified before. */
export async function checkLostEffectFound(pool: Pool, wrap?: WrapPorts): Promise<void> {
  const verifier = verifierOf(pool, wrap);
  await acknowledge(pool);
  await publishAll(pool);
  await consumeAll(pool);
  expect(await found(pool, verifier)).toEqual([]);
  await query(
    pool,
    `delete from feature_event_consumed where stream_event_id in ('watch-verify-w1', 'impression-verify-s2');
     delete from events where event_id = 'watch-verify-w1'`,
  );
  expect(await found(pool, verifier)).toEqual(["impression verify-s2: effect", "watch verify-w1: effect"]);
}

/** Records that consumers never read because their stored offset was moved past them are found. */
export async function checkSkippedFound(pool: Pool, wrap?: WrapPorts): Promise<void> {
  const verifier = verifierOf(pool, wrap);
  await acknowledge(pool, "before");
  await publishAll(pool);
  await consumeAll(pool);
  await acknowledge(pool);
  await publishAll(pool);
  expect(await found(pool, verifier)).toEqual([]);
  await query(
    pool,
    `insert into consumer_offset (consumer, topic, topic_id, partition, next_offset)
     select '${GROUP}', p.topic, t.topic_id, p.partition, p.next_offset
     from event_log_partition p join event_log_topic t on t.topic = p.topic where p.topic = '${TOPICS.watches}'
     on conflict (consumer, topic, topic_id, partition) do update set next_offset = excluded.next_offset`,
  );
  await consumeAll(pool);
  expect(await found(pool, verifier)).toEqual([1, 2, 3].map((n) => `watch verify-w${n}: effect`));
}

/** An acknowledged event without an outbox row is found, before and after consumers had a chance. */
export async function checkLostRowFound(pool: Pool, wrap?: WrapPorts): Promise<void> {
  const verifier = verifierOf(pool, wrap);
  await acknowledge(pool);
  expect(await found(pool, verifier)).toEqual([]);
  await query(pool, "delete from event_outbox where event_id in ('verify-w1', 'verify-s1')");
  await publishAll(pool);
  await consumeAll(pool);
  expect(await found(pool, verifier)).toEqual(["impression verify-s1: outbox", "watch verify-w1: outbox"]);
}
