/** Checks of consumers on Kafka that hold for the store's numbers of ownership and must fail on broken ones. */

import { expect } from "bun:test";
import { Deadline } from "../../../src/core/deadline.ts";
import type { Assignment, ChunkEntry, EventLogConsumer } from "../../../src/events/ports.ts";
import { decideRecord } from "../../../src/events/stream-record.ts";
import type { NextGeneration } from "../../../src/stores/eventlog/generations.ts";
import type { Pool } from "../../../src/stores/postgres/pool-types.ts";
import { GROUP, startConsumer, storeOf, TOPICS } from "../backbone.ts";
import { eventually } from "../eventually.ts";
import type { TestKafka } from "./broker.ts";
import { expectApplied, kafkaLog, send, someWatches, withCluster } from "./log.ts";

const SETTLE = { timeoutMs: 20_000 };
const KINDS = new Map([[TOPICS.watches, "watch" as const]]);

type Numbers = { readonly nextGeneration?: NextGeneration };

/** `life`: of the group; 0 before it is forgotten. */
export type NumbersOfLife = (life: 0 | 1) => Numbers;

/** Kafka forgets a group that was empty for 7 days, or is told to, and counts its generations from 1 again. */
export async function checkForgottenGroup(
  kafka: TestKafka,
  pool: Pool,
  numbers: NumbersOfLife = () => ({}),
  timeoutMs = 30_000,
): Promise<void> {
  const all = someWatches(60);
  // Some rebalances, so that the group's number is well above its first.
  for (const round of [0, 1, 2]) {
    const log = kafkaLog(kafka, pool, numbers(0));
    await using _consumer = startConsumer(pool, { eventLog: log });
    await send(log, all.slice(round * 10, round * 10 + 10));
    await expectApplied(pool, all.slice(0, round * 10 + 10), timeoutMs);
  }
  await eventually(() => withCluster(kafka, (admin) => admin.deleteGroups({ groups: [GROUP] })), SETTLE);

  const log = kafkaLog(kafka, pool, numbers(1));
  await using _consumer = startConsumer(pool, { eventLog: log });
  await send(log, all.slice(30));

  await expectApplied(pool, all, timeoutMs);
}

/** An owner that has slept through a change of owner cannot write: neither features nor the position. */
export async function checkStaleOwner(kafka: TestKafka, pool: Pool, numbers: Numbers = {}): Promise<void> {
  const log = kafkaLog(kafka, pool, numbers);
  const store = storeOf(pool);
  const deadline = () => Deadline.after(5_000);
  await send(log, someWatches(4));
  const first = await log.subscribe(GROUP, "owner-1", [TOPICS.watches]);
  const stale = await ownerOf(first, 4);
  for (const assignment of stale) await store.takeOver(GROUP, assignment, deadline());
  const entries = await read(first);
  const entry = entries[0] as ChunkEntry;
  const old = stale.find(({ partition }) => partition === entry.record.partition) as Assignment;
  await first[Symbol.asyncDispose]();

  await using second = await log.subscribe(GROUP, "owner-2", [TOPICS.watches]);
  for (const assignment of await ownerOf(second, 4)) await store.takeOver(GROUP, assignment, deadline());

  const written = await store.applyChunk(GROUP, old, [entry], entry.record.offset + 1n, deadline());
  expect(written).toBe("fenced");
  expect(await store.takeOver(GROUP, old, deadline())).toBe("fenced");
}

const ownerOf = (consumer: EventLogConsumer, count: number) =>
  eventually(() => {
    const assignments = consumer.assignments();
    expect(assignments).toHaveLength(count);
    return assignments;
  }, SETTLE);

const read = (consumer: EventLogConsumer) =>
  eventually(async () => {
    const signal = new AbortController().signal;
    const records = await consumer.poll({ maxRecords: 10, timeoutMs: 200, signal });
    expect(records.length).toBeGreaterThan(0);
    return records.map((record) => decideRecord(record, KINDS));
  }, SETTLE);
