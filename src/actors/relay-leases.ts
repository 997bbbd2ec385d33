/** Keeps a relay's fair share of outbox partitions under lease, and says which of them may be used right now. */

import type { Clock } from "../core/clock.ts";
import type { Deadline } from "../core/deadline.ts";
import type { OutboxStore, PartitionLease } from "../events/ports.ts";
import type { BlockedKeys } from "./relay-blocked.ts";
import type { Reservations } from "./relay-reservations.ts";
import { type RelaySettings, trustMs } from "./relay-settings.ts";

interface Held {
  readonly epoch: bigint;
  trustedUntilMs: number;
}

/**
 * free -> take -> held (trusted, or not trusted until the next renewal) -> resigned, or lost to another relay.
 * held -> given up -> resigned, by the next step: whoever takes it then, has a new epoch.
 * A partition in flight is never resigned. Only the store decides who holds a lease; trust, measured by the
 * monotonic clock from the start of the last renewal, ends before the lease can.
 */
export class RelayLeases {
  readonly #outbox: OutboxStore;
  readonly #settings: RelaySettings;
  readonly #clock: Clock;
  readonly #blocked: BlockedKeys;
  readonly #held = new Map<number, Held>();
  readonly #reservations: Reservations;
  /** Given up, and not known to be resigned. */
  #doubtful: readonly PartitionLease[] = [];
  #share = 0;

  constructor(
    outbox: OutboxStore,
    settings: RelaySettings,
    clock: Clock,
    blocked: BlockedKeys,
    reservations: Reservations,
  ) {
    this.#outbox = outbox;
    this.#settings = settings;
    this.#clock = clock;
    this.#blocked = blocked;
    this.#reservations = reservations;
  }

  get heldCount(): number {
    return this.#held.size;
  }

  /** True while other relays hold partitions that are due to this one. */
  get belowShare(): boolean {
    return this.#held.size < this.#share;
  }

  /** Heartbeat, renewal, resignation of what was given up, resignation of the surplus, taking of what is missing. Throws when the store fails. */
  async maintain(deadline: Deadline): Promise<void> {
    const { relayId, outbox } = this.#settings;
    const { liveRelays } = await this.#outbox.heartbeat(
      relayId,
      this.#reservations.rows,
      outbox.leaseSec,
      deadline,
    );
    this.#share = Math.ceil(outbox.partitions / Math.max(1, liveRelays));
    // Before anything that may fail or wait: what is held must not be lost over it.
    await this.#renew(deadline);
    await this.#resignDoubtful(deadline);
    await this.#resignSurplus(deadline);
    await this.#reloadFull(deadline);
    if (this.belowShare) await this.#take(this.#share - this.#held.size, deadline);
  }

  /** Held partitions that are trusted and whose blocked keys are known. */
  usable(): number[] {
    return [...this.#held.keys()].filter(
      (partition) => this.isTrusted(partition) && !this.#blocked.isFull(partition),
    );
  }

  isTrusted(partition: number): boolean {
    return this.#clock.monotonicMs() < (this.#held.get(partition)?.trustedUntilMs ?? 0);
  }

  /** Epoch of a held partition; null once it is lost. */
  epochOf(partition: number): bigint | null {
    return this.#held.get(partition)?.epoch ?? null;
  }

  /** Stops using a partition whose fence moved. */
  drop(partition: number): void {
    this.#held.delete(partition);
    this.#blocked.forget(partition);
  }

  /** Stops using partitions in which a statement of ours may still be carried out: only a new epoch fences it off. */
  giveUp(partitions: readonly number[]): void {
    this.#doubtful = [...this.#doubtful, ...this.#leases(partitions)];
    for (const partition of partitions) this.drop(partition);
  }

  /** Gives everything back and signs off, so that others take over at once. */
  async leave(deadline: Deadline): Promise<void> {
    this.giveUp([...this.#held.keys()]);
    await this.#resignDoubtful(deadline);
    await this.#outbox.deregister(this.#settings.relayId, deadline);
  }

  async #renew(deadline: Deadline): Promise<void> {
    const asked = this.#leases([...this.#held.keys()]);
    if (asked.length === 0) return;
    const startedMs = this.#clock.monotonicMs();
    const { relayId, outbox } = this.#settings;
    const kept = await this.#outbox.renew(relayId, asked, outbox.leaseSec, deadline);
    const keptEpochs = new Map(kept.map((lease) => [lease.partition, lease.epoch]));
    for (const { partition, epoch } of asked) {
      const held = this.#held.get(partition);
      if (held?.epoch !== epoch) continue;
      if (keptEpochs.get(partition) === epoch) held.trustedUntilMs = startedMs + trustMs(this.#settings);
      else this.drop(partition);
    }
  }

  async #resignDoubtful(deadline: Deadline): Promise<void> {
    const leases = this.#doubtful;
    if (leases.length === 0) return;
    await this.#outbox.resign(this.#settings.relayId, leases, deadline);
    this.#doubtful = this.#doubtful.filter((lease) => !leases.includes(lease));
  }

  async #resignSurplus(deadline: Deadline): Promise<void> {
    const surplus = this.#held.size - this.#share;
    if (surplus <= 0) return;
    const idle = [...this.#held.keys()].filter((partition) => !this.#reservations.isInFlight(partition));
    const leases = this.#leases(idle.slice(0, surplus));
    for (const { partition } of leases) this.drop(partition);
    if (leases.length > 0) await this.#outbox.resign(this.#settings.relayId, leases, deadline);
  }

  async #take(limit: number, deadline: Deadline): Promise<void> {
    const { relayId, outbox } = this.#settings;
    const startedMs = this.#clock.monotonicMs();
    const taken = await this.#outbox.take(relayId, limit, outbox.leaseSec, deadline);
    if (taken.length === 0) return;
    await this.#loadBlocked(
      taken.map((lease) => lease.partition),
      deadline,
    );
    const trustedUntilMs = startedMs + trustMs(this.#settings);
    for (const { partition, epoch } of taken) this.#held.set(partition, { epoch, trustedUntilMs });
  }

  async #reloadFull(deadline: Deadline): Promise<void> {
    const full = [...this.#held.keys()].filter((partition) => this.#blocked.isFull(partition));
    if (full.length > 0) await this.#loadBlocked(full, deadline);
  }

  async #loadBlocked(partitions: readonly number[], deadline: Deadline): Promise<void> {
    const keys = await this.#outbox.blockedKeys(partitions, this.#blocked.limit, deadline);
    this.#blocked.load(partitions, keys, this.#clock.monotonicMs());
  }

  #leases(partitions: readonly number[]): PartitionLease[] {
    return partitions.flatMap((partition) => {
      const held = this.#held.get(partition);
      return held ? [{ partition, epoch: held.epoch }] : [];
    });
  }
}
