/** Two event logs in a row: new records go to the second, and groups read the first to its end before it. */

import type { Assignment, EventLog, EventLogConsumer } from "../../events/ports.ts";

export interface SuccessionOptions {
  readonly from: EventLog;
  readonly to: EventLog;
  /** True when the group has nothing left to do in the first log. */
  readonly isOver: (group: string, topics: readonly string[]) => Promise<boolean>;
}

export function createSuccession({ from, to, isOver }: SuccessionOptions): EventLog {
  return {
    producer: () => to.producer(),
    async subscribe(group, memberId, topics) {
      const join = () => to.subscribe(group, memberId, topics);
      if (await isOver(group, topics)) return join();
      const first = await from.subscribe(group, memberId, topics);
      return new SuccessiveConsumer(first, join, () => isOver(group, topics));
    },
  };
}

/** Assignments of the first log end with it: those of the second have other topic ids. */
class SuccessiveConsumer implements EventLogConsumer {
  #current: EventLogConsumer;
  #join: (() => Promise<EventLogConsumer>) | null;
  readonly #isOver: () => Promise<boolean>;

  constructor(
    first: EventLogConsumer,
    join: () => Promise<EventLogConsumer>,
    isOver: () => Promise<boolean>,
  ) {
    this.#current = first;
    this.#join = join;
    this.#isOver = isOver;
  }

  async poll(options: Parameters<EventLogConsumer["poll"]>[0]): ReturnType<EventLogConsumer["poll"]> {
    const records = await this.#current.poll(options);
    if (this.#join === null || records.length > 0 || options.signal.aborted) return records;
    if (!(await this.#isOver())) return records;
    const next = await this.#join();
    this.#join = null;
    const first = this.#current;
    this.#current = next;
    await first[Symbol.asyncDispose]();
    return [];
  }

  assignments = () => this.#current.assignments();
  seek = (assignment: Assignment, nextOffset: bigint) => this.#current.seek(assignment, nextOffset);
  pause = (assignment: Assignment) => this.#current.pause(assignment);
  resume = (assignment: Assignment) => this.#current.resume(assignment);
  commit = (assignment: Assignment, nextOffset: bigint) => this.#current.commit(assignment, nextOffset);
  lag = () => this.#current.lag();
  bounds = (assignment: Assignment) => this.#current.bounds(assignment);
  [Symbol.asyncDispose] = () => this.#current[Symbol.asyncDispose]();
}
