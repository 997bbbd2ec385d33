/** Where a consumer stands in each partition that it owns. */

import type { Assignment } from "../../events/ports.ts";

interface Owned {
  readonly assignment: Assignment;
}

export class Cursors<O extends Owned, C extends { paused: boolean }> {
  readonly #listOwned: () => readonly O[];
  readonly #begin: (owned: O) => C;
  /** By assignment object: an assignment of another generation begins anew. */
  #cursors = new Map<Assignment, C>();
  #turn = 0;

  /** `begin`: the cursor of a partition that has just been assigned. */
  constructor(listOwned: () => readonly O[], begin: (owned: O) => C) {
    this.#listOwned = listOwned;
    this.#begin = begin;
  }

  /** In line with what is owned now. */
  owned(): [Assignment, C][] {
    this.#cursors = new Map(
      this.#listOwned().map((owned) => [
        owned.assignment,
        this.#cursors.get(owned.assignment) ?? this.#begin(owned),
      ]),
    );
    return [...this.#cursors];
  }

  assignments(): readonly Assignment[] {
    return this.owned().map(([assignment]) => assignment);
  }

  readable(): [Assignment, C][] {
    return this.owned().filter(([, { paused }]) => !paused);
  }

  /** Callers may hold an equal assignment from an earlier answer; one of another generation moves nothing. */
  of(wanted: Assignment): C | undefined {
    return this.owned().find(
      ([{ topic, topicId, partition, generation }]) =>
        topic === wanted.topic &&
        topicId === wanted.topicId &&
        partition === wanted.partition &&
        generation === wanted.generation,
    )?.[1];
  }

  setPaused(assignment: Assignment, paused: boolean): void {
    const cursor = this.of(assignment);
    if (cursor) cursor.paused = paused;
  }

  /** Partitions take turns in being first, so that a full answer starves none. */
  inTurn(entries: readonly [Assignment, C][]): [Assignment, C][] {
    const first = this.#turn++ % Math.max(1, entries.length);
    return [...entries.slice(first), ...entries.slice(0, first)];
  }
}
