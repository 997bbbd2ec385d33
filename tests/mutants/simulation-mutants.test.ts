/** The pipeline with one guarantee broken at a time: the simulation that the real one passes must catch it. */

import { describe, expect, test } from "bun:test";
import type { ChunkEntry, OutboxMark, ProduceRecord } from "../../src/events/ports.ts";
import type { Mutation } from "../simulation/processes.ts";
import { GROUP, INGEST_WINDOW_MS } from "../simulation/settings.ts";
import { simulate } from "../simulation/simulate.ts";

/** Marks with whatever epoch is current. */
const noFence: Mutation = {
  outbox: (port, { stores }) => ({
    ...port,
    mark(marks, deadline) {
      const unfenced = marks.map(
        (mark): OutboxMark => ({
          ...mark,
          epoch: stores.outbox.leases[mark.row.partition]?.epoch ?? mark.epoch,
        }),
      );
      return port.mark(unfenced, deadline);
    },
  }),
};

/** Says "published" before it publishes. */
const markBeforePublish = (): Mutation => {
  let unsent: (() => Promise<unknown>)[] = [];
  return {
    outbox: (port) => ({
      ...port,
      async mark(marks, deadline) {
        const changed = await port.mark(marks, deadline);
        const due = unsent;
        unsent = [];
        for (const send of due) await send();
        return changed;
      },
    }),
    log: (port) => ({
      subscribe: port.subscribe,
      async producer() {
        const producer = await port.producer();
        return {
          ensureTopic: (topic, partitions) => producer.ensureTopic(topic, partitions),
          async produce(records: readonly ProduceRecord[], deadline) {
            unsent.push(() => producer.produce(records, deadline));
            return records.map(() => ({ status: "acked" as const }));
          },
          [Symbol.asyncDispose]: () => producer[Symbol.asyncDispose](),
        };
      },
    }),
  };
};

/** Selects by a cursor over ids instead of by state. */
const cursor: Mutation = {
  outbox(port) {
    let last = 0n;
    return {
      ...port,
      async claim(...args) {
        const rows = (await port.claim(...args)).filter(({ id }) => id > last);
        last = rows.at(-1)?.id ?? last;
        return rows;
      },
    };
  },
};

/** Leases single rows, as if partitions had no holder. */
const rowClaims = (): Mutation => {
  const leasedUntilMs = new Map<bigint, number>();
  return {
    outbox: (port, { stores, world }) => ({
      ...port,
      async claim(partitions, limit, deadline) {
        const held = await port.claim(partitions, 0, deadline).then(() => partitions[0] ?? 0);
        const isFree = ({ id }: { id: bigint }) => (leasedUntilMs.get(id) ?? 0) <= world.nowMs();
        const rows = stores.outbox.due(isFree).slice(0, limit);
        for (const { id } of rows) leasedUntilMs.set(id, world.nowMs() + ROW_LEASE_MS);
        return rows.map((row) => ({ ...row, partition: held }));
      },
      async mark(marks, deadline) {
        try {
          return await port.mark(marks, deadline);
        } finally {
          for (const { row } of marks) leasedUntilMs.delete(row.id);
        }
      },
    }),
  };
};

const ROW_LEASE_MS = 3_000;

/** Tells the log how far it is before the store has the chunk, and believes the log. */
const logOffsetFirst: Mutation = {
  consumer: (port, { stores }) => ({
    ...port,
    async takeOver(consumer, assignment, deadline) {
      const stored = await port.takeOver(consumer, assignment, deadline);
      const slot = stores.log.group(GROUP).slots.get(`${assignment.topic}/${assignment.partition}`);
      return stored === "fenced" ? stored : (slot?.committed ?? null);
    },
    applyChunk(consumer, assignment, entries, nextOffset, deadline) {
      const slot = stores.log.group(GROUP).slots.get(`${assignment.topic}/${assignment.partition}`);
      if (slot) slot.committed = nextOffset;
      return port.applyChunk(consumer, assignment, entries, nextOffset, deadline);
    },
  }),
};

/** Takes every delivery for a new event. */
const noDeduplication: Mutation = {
  consumer(port) {
    let deliveries = 0;
    const asNew = (entry: ChunkEntry): ChunkEntry => {
      if (entry.kind !== "watch" && entry.kind !== "impression") return entry;
      const streamEventId = `${entry.streamEventId}#${++deliveries}`;
      if (entry.kind === "impression") return { ...entry, streamEventId };
      return { ...entry, streamEventId, interaction: { ...entry.interaction, eventId: streamEventId } };
    };
    return {
      ...port,
      applyChunk: (consumer, assignment, entries, ...rest) =>
        port.applyChunk(consumer, assignment, entries.map(asNew), ...rest),
    };
  },
};

/** Counts attempts where a restart forgets them. */
const attemptsInMemory: Mutation = {
  consumer(port) {
    const attempts = new Map<string, number>();
    return {
      ...port,
      async countAttempt(record, error, deadline) {
        await port.countAttempt(record, error, deadline);
        const name = `${record.topicId}/${record.partition}/${record.offset}`;
        attempts.set(name, (attempts.get(name) ?? 0) + 1);
        return attempts.get(name) ?? 0;
      },
    };
  },
};

/** Passes over events that ingest would find too old by now. */
const ageWindowAtConsume: Mutation = {
  consumer: (port, { world }) => ({
    ...port,
    applyChunk: (consumer, assignment, entries, ...rest) =>
      port.applyChunk(
        consumer,
        assignment,
        entries.map(
          (entry): ChunkEntry =>
            entry.kind === "watch" && world.nowMs() - entry.interaction.tsMs > INGEST_WINDOW_MS
              ? { kind: "ignored", record: entry.record }
              : entry,
        ),
        ...rest,
      ),
  }),
};

/** `within`: seeds of which at least one must catch it; `by`: what may be found broken. */
const MUTANTS = [
  { name: "no fence", mutation: () => noFence, within: 400, by: ["I6"] },
  { name: "a mark before the publish", mutation: markBeforePublish, within: 10, by: ["I1"] },
  { name: "a cursor instead of the state column", mutation: () => cursor, within: 20, by: ["I1", "I17"] },
  { name: "claims by row instead of by partition", mutation: rowClaims, within: 150, by: ["I4"] },
  { name: "the log's offset before the store", mutation: () => logOffsetFirst, within: 20, by: ["I7"] },
  { name: "no de-duplication", mutation: () => noDeduplication, within: 10, by: ["I1", "I2"] },
  { name: "attempts counted in memory", mutation: () => attemptsInMemory, within: 150, by: ["F34"] },
  { name: "an age window at consume", mutation: () => ageWindowAtConsume, within: 10, by: ["I1"] },
] as const;

/** The rarest mutant takes seconds on a quiet machine. */
const SLOW_MACHINE_MS = 180_000;

describe("simulation mutants", () => {
  test.each(MUTANTS)(
    "$name is caught",
    ({ mutation, within, by }) => {
      const caught = firstViolation(mutation, within);

      expect(by as readonly (string | undefined)[]).toContain(caught?.invariant);
    },
    SLOW_MACHINE_MS,
  );
});

function firstViolation(mutation: () => Mutation, seeds: number) {
  for (let seed = 1; seed <= seeds; seed++) {
    const { violation } = simulate(seed, { mutation: mutation() });
    if (violation) return { ...violation, seed };
  }
  return null;
}
