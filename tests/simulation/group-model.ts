/** A consumer group of the simulated log: leases on partitions, generations, and how far the group says it is. */

import type { Assignment } from "../../src/events/ports.ts";

/** A partition as the group sees it. */
export interface Slot {
  readonly topic: string;
  readonly partition: number;
  owner: string | null;
  generation: number;
  leaseUntilMs: number;
  committed: bigint;
}

export class GroupModel {
  readonly slots = new Map<string, Slot>();
  readonly #members = new Map<string, number>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Adds the partitions of a topic that the group did not know. */
  know(topic: string, partitions: number): void {
    for (let partition = 0; partition < partitions; partition++) {
      const fresh = { topic, partition, owner: null, generation: 0, leaseUntilMs: 0, committed: 0n };
      if (!this.slots.has(`${topic}/${partition}`)) this.slots.set(`${topic}/${partition}`, fresh);
    }
  }

  /** Heartbeat, renewal, release of the surplus, taking of what is free; answers what the member owns then. */
  step(member: string, topics: readonly string[], leaseMs: number): Slot[] {
    const nowMs = this.#nowMs();
    this.#members.set(member, nowMs);
    const live = [...this.#members.values()].filter((seenMs) => seenMs > nowMs - leaseMs).length;
    const slots = [...this.slots.values()].filter(({ topic }) => topics.includes(topic));
    const share = Math.ceil(slots.length / live);
    const own = slots.filter(({ owner }) => owner === member);
    for (const slot of own) slot.leaseUntilMs = nowMs + leaseMs;
    for (const slot of own.slice(share)) Object.assign(slot, { owner: null, leaseUntilMs: nowMs });
    const free = slots.filter(({ owner, leaseUntilMs }) => leaseUntilMs < nowMs && owner !== member);
    for (const slot of free.slice(0, Math.max(0, share - own.length))) {
      Object.assign(slot, { owner: member, generation: slot.generation + 1, leaseUntilMs: nowMs + leaseMs });
    }
    return slots.filter(({ owner }) => owner === member);
  }

  leave(member: string): void {
    this.#members.delete(member);
    for (const slot of this.slots.values()) {
      if (slot.owner === member) Object.assign(slot, { owner: null, leaseUntilMs: this.#nowMs() });
    }
  }

  /** False when the partition has another owner by now. */
  commit(
    member: string,
    { topic, partition, generation }: Omit<Assignment, "topicId">,
    nextOffset: bigint,
  ): boolean {
    const slot = this.slots.get(`${topic}/${partition}`);
    if (slot?.owner !== member || slot.generation !== generation) return false;
    slot.committed = nextOffset;
    return true;
  }

  /** The topic was made anew: nothing of it is read. */
  forget(topic: string): void {
    for (const slot of this.slots.values()) if (slot.topic === topic) slot.committed = 0n;
  }
}
