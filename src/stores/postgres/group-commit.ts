/** Puts the units of concurrent callers into common transactions; the next group starts when a commit returns. */

import { type Deadline, DeadlineExceededError } from "../../core/deadline.ts";
import { StoreDataError, StoreUnavailableError } from "../../core/errors.ts";

export interface GroupCommitOptions<Unit, Outcome> {
  /** Commits all units or none, in one transaction; one outcome per unit, in order. */
  readonly commit: (units: readonly Unit[], deadline: Deadline) => Promise<readonly Outcome[]>;
  /** Events in a unit. A unit is never split, so a big one may be a group of its own. */
  readonly sizeOf: (unit: Unit) => number;
  /** Default 200. */
  readonly maxGroupEvents?: number;
  /** With one group in flight half of the callers miss each commit: default 2. */
  readonly groupsInFlight?: number;
  /** Events that may wait; default 10 000. */
  readonly maxQueuedEvents?: number;
  /** Calls back at the end of this turn of the event loop: default `setImmediate`. */
  readonly nextTurn?: (start: () => void) => void;
}

interface Member<Unit, Outcome> {
  readonly unit: Unit;
  readonly size: number;
  readonly deadline: Deadline;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

type Group<Unit, Outcome> = readonly Member<Unit, Outcome>[];

/**
 * No timers: a lone unit is committed at the end of its turn of the event loop, so that requests which arrived together
 * share a group, and under load groups grow while the commits before them run.
 */
export class GroupCommit<Unit, Outcome> implements AsyncDisposable {
  readonly #options: Required<GroupCommitOptions<Unit, Outcome>>;
  readonly #queue = new Set<Member<Unit, Outcome>>();
  readonly #running = new Set<Promise<void>>();
  #queuedEvents = 0;
  #startsSoon = false;
  #closed = false;

  constructor(options: GroupCommitOptions<Unit, Outcome>) {
    this.#options = {
      maxGroupEvents: 200,
      groupsInFlight: 2,
      maxQueuedEvents: 10_000,
      nextTurn: setImmediate,
      ...options,
    };
  }

  /** Events that wait for a group. */
  get queuedEvents(): number {
    return this.#queuedEvents;
  }

  /**
   * The unit's outcome once its transaction is committed. Throws StoreDataError for bad data of this unit alone, and
   * StoreUnavailableError: `pool` when it was never started, `timeout` when its deadline passed on the way.
   */
  async submit(unit: Unit, deadline: Deadline): Promise<Outcome> {
    const size = this.#options.sizeOf(unit);
    if (this.#closed) throw new StoreUnavailableError("closed", "no more commits are accepted");
    if (this.#queuedEvents > 0 && this.#queuedEvents + size > this.#options.maxQueuedEvents) {
      throw new StoreUnavailableError("pool", "too many events wait to be committed");
    }
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    const member = { unit, size, deadline, resolve, reject };
    this.#queue.add(member);
    this.#queuedEvents += size;
    this.#startGroupsSoon();
    let started = true;
    try {
      return await deadline.race(promise, () => {
        started = !this.#dequeue(member);
      });
    } catch (error) {
      if (!(error instanceof DeadlineExceededError)) throw error;
      if (started)
        throw new StoreUnavailableError("timeout", "the commit did not end in time", { cause: error });
      throw new StoreUnavailableError("pool", "no commit started in time", { cause: error });
    }
  }

  /** Refuses new units and resolves when the accepted ones are settled. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#startGroups();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #startGroupsSoon(): void {
    if (this.#startsSoon) return;
    this.#startsSoon = true;
    this.#options.nextTurn(() => {
      this.#startsSoon = false;
      this.#startGroups();
    });
  }

  #startGroups(): void {
    while (this.#queue.size > 0 && this.#running.size < this.#options.groupsInFlight) {
      const running: Promise<void> = this.#commit(this.#takeGroup()).finally(() => {
        this.#running.delete(running);
        this.#startGroups();
      });
      this.#running.add(running);
    }
  }

  #takeGroup(): Group<Unit, Outcome> {
    const group: Member<Unit, Outcome>[] = [];
    let events = 0;
    for (const member of this.#queue) {
      if (group.length > 0 && events + member.size > this.#options.maxGroupEvents) break;
      this.#dequeue(member);
      group.push(member);
      events += member.size;
    }
    return group;
  }

  #dequeue(member: Member<Unit, Outcome>): boolean {
    const queued = this.#queue.delete(member);
    if (queued) this.#queuedEvents -= member.size;
    return queued;
  }

  /** Bad data spoils the whole transaction: then each member is tried alone, so that it only spoils its own. */
  async #commit(group: Group<Unit, Outcome>): Promise<void> {
    try {
      await this.#commitTogether(group);
    } catch (error) {
      if (!(error instanceof StoreDataError) || group.length === 1) {
        for (const member of group) member.reject(error);
        return;
      }
      for (const member of group) await this.#commit([member]);
    }
  }

  async #commitTogether(group: Group<Unit, Outcome>): Promise<void> {
    const latest = group.reduce((a, b) => (a.deadline.remainingMs() >= b.deadline.remainingMs() ? a : b));
    const outcomes = await this.#options.commit(
      group.map(({ unit }) => unit),
      latest.deadline,
    );
    if (outcomes.length !== group.length) throw new Error("a commit must answer one outcome per unit");
    for (const [index, member] of group.entries()) member.resolve(outcomes[index] as Outcome);
  }
}
