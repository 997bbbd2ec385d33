/** Membership of one consumer in a group: which partitions it owns by lease, and with which generation. */

import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import type { Assignment } from "../../events/ports.ts";
import { textArray } from "../postgres/array-literal.ts";
import type { Pool } from "../postgres/pool-types.ts";
import { leaveGroup, type Owned, rebalance } from "./embedded-leases.ts";

export interface GroupTimes {
  readonly leaseMs: number;
  readonly renewMs: number;
}

export interface MembershipOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly group: string;
  readonly memberId: string;
  readonly topics: readonly string[];
  readonly times: GroupTimes;
}

const LEAVE_TIMEOUT_MS = 2_000;
const EMPTY_RETRY_MS = 500;

/**
 * One rebalance step each `renewMs`: heartbeat, renewal of the leases, release of what is more than the fair share,
 * taking of what is free. The store's clock decides; between renewals a lease is trusted, by the monotonic clock
 * from the start of the last renewal, for less time than the store grants.
 */
export class GroupMembership {
  readonly #options: MembershipOptions;
  #owned: readonly Owned[] = [];
  #trustedUntilMs = 0;
  readonly #stop = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Joins. Throws when the store fails. */
  async start(): Promise<void> {
    await this.#step();
    this.#loop = this.#run();
  }

  /** What is owned now; empty when the last renewal is too long ago. */
  owned(): readonly Owned[] {
    return this.#options.clock.monotonicMs() < this.#trustedUntilMs ? this.#owned : [];
  }

  /** Stops using a partition that another member has by now. */
  drop(assignment: Assignment): void {
    this.#owned = this.#owned.filter((owned) => owned.assignment !== assignment);
  }

  /** Gives everything back, so that others take over at once. Never throws: the leases end anyway. */
  async leave(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    this.#owned = [];
    const { pool, clock, group, memberId } = this.#options;
    try {
      await leaveGroup(pool, group, memberId, Deadline.after(LEAVE_TIMEOUT_MS, clock));
    } catch {
      // An unreachable store cannot be told; it ends the leases by itself.
    }
  }

  async #run(): Promise<void> {
    const { clock, times } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      // A member with nothing may be waiting for a topic that is just being made.
      await clock.sleep(
        this.#owned.length > 0 ? times.renewMs : Math.min(times.renewMs, EMPTY_RETRY_MS),
        signal,
      );
      if (signal.aborted) return;
      try {
        await this.#step();
      } catch {
        // A store that cannot be reached renews nothing: trust ends, and polling reports the store's error.
      }
    }
  }

  async #step(): Promise<void> {
    const { pool, clock, group, memberId, topics, times } = this.#options;
    const startedMs = clock.monotonicMs();
    const rows = await rebalance(
      pool,
      { group, memberId, topics: textArray(topics), leaseMs: times.leaseMs },
      Deadline.after(times.renewMs, clock),
    );
    // An unchanged assignment stays the same object, so that its read position lives on.
    this.#owned = rows.map(
      (row) => this.#owned.find((known) => isSame(known.assignment, row.assignment)) ?? row,
    );
    this.#trustedUntilMs = startedMs + times.leaseMs - times.renewMs;
  }
}

const isSame = (a: Assignment, b: Assignment) =>
  a.topic === b.topic &&
  a.partition === b.partition &&
  a.generation === b.generation &&
  a.topicId === b.topicId;
