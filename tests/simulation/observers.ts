/** Holds the answers of a port against what its caller had asked for: what a mutant below cannot talk its way out of. */

import type { ConsumerStore, OutboxStore } from "../../src/events/ports.ts";
import { partitionOf } from "./consumer-model.ts";
import type { Stores } from "./stores.ts";
import type { World } from "./world.ts";

/** A mark that was sent with an old epoch changes no row (I6). */
export const observeOutbox = (port: OutboxStore, { outbox }: Stores, world: World): OutboxStore => ({
  ...port,
  async mark(marks, deadline) {
    const stale = marks.filter(({ row, epoch }) => (outbox.leases[row.partition]?.epoch ?? 0n) > epoch);
    const changed = await port.mark(marks, deadline);
    for (const { row, epoch } of stale) {
      if (changed.has(row.id)) world.violate("I6", `row ${row.id} was changed under the old epoch ${epoch}`);
    }
    return changed;
  },
});

/** Attempts at a record, counted over all processes: they never start again before the record is done. */
export class Attempts {
  readonly #answered = new Map<string, number>();

  observe(port: ConsumerStore, { consumer }: Stores, world: World): ConsumerStore {
    return {
      ...port,
      countAttempt: async (record, error, deadline) => {
        const name = `${partitionOf(record)}/${record.offset}`;
        // Only what was answered before the call is surely below it: a frozen process hears of its attempt late.
        const before = this.#answered.get(name) ?? 0;
        const attempts = await port.countAttempt(record, error, deadline);
        // A newer owner may have finished the record meanwhile.
        if (consumer.storedOffset(record) > record.offset) {
          this.#answered.delete(name);
          return attempts;
        }
        this.#answered.set(name, (this.#answered.get(name) ?? 0) + 1);
        if (attempts <= before) {
          world.violate("F34", `${name}: an attempt after ${before} others is counted as ${attempts}`);
        }
        return attempts;
      },
    };
  }
}
