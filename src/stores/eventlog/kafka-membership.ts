/** Membership of one consumer in a Kafka group: which partitions it owns, and by which number. */

import type { Assignment } from "../../events/ports.ts";
import type { NextGeneration } from "./generations.ts";
import { asDescribed, startFailed } from "./kafka-client.ts";
import { openSession } from "./kafka-join.ts";
import { type GroupSession, type HeldPartition, SESSION_MS, type SessionOptions } from "./kafka-session.ts";
import type { Membership, OwnedPartition } from "./partition-source.ts";

export interface MembershipOptions extends Omit<SessionOptions, "onChange"> {
  readonly nextGeneration: NextGeneration;
}

const TICK_MS = 500;

/**
 * A partition that the coordinator gave is owned once it has a number greater than those of all its owners before.
 * Kafka's own numbers begin anew when it forgets a group, so the store gives them; and the coordinator is asked once more
 * afterwards. While it confirms, nobody else can have been given the partition yet, so every later owner's number is greater;
 * while it does not, this number is never used.
 */
export class KafkaMembership implements Membership {
  readonly #options: MembershipOptions;
  readonly #stop = new AbortController();
  #session: GroupSession | null = null;
  #owned = new Map<HeldPartition, OwnedPartition>();
  #settling: Promise<void> | null = null;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Joins. Throws when no broker lets it. */
  async start(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      await this.#options.questions.close();
      throw asDescribed(error);
    }
    await this.#settle();
    this.#loop = this.#run();
  }

  /** What is owned now; empty when the coordinator was silent for too long. */
  owned(): readonly OwnedPartition[] {
    const session = this.#session;
    if (!session || this.#options.clock.monotonicMs() - session.knownAtMs >= SESSION_MS) return [];
    return session.held().flatMap((held) => this.#owned.get(held) ?? []);
  }

  /** Owns everything anew: with new numbers, topics and offsets as they are now. */
  renew(): void {
    this.#owned = new Map();
    void this.#settle();
  }

  /** Only for what is owned now. */
  async commit(assignment: Assignment, nextOffset: bigint): Promise<void> {
    const session = this.#session;
    const held = session
      ?.held()
      .find((candidate) => isSame(this.#owned.get(candidate)?.assignment, assignment));
    if (!session || !held) return;
    try {
      await session.commit(held, nextOffset);
    } catch (error) {
      throw asDescribed(error);
    }
  }

  /** Gives everything back, so that others take over at once. Never throws: the session ends anyway. */
  async leave(): Promise<void> {
    this.#stop.abort();
    this.#owned = new Map();
    await this.#loop;
    await this.#session?.close();
    this.#session = null;
    await this.#options.questions.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#options.clock.sleep(TICK_MS, signal);
      if (signal.aborted) return;
      try {
        if (!this.#session || this.#session.isOver) await this.#open();
        else await this.#session.tick();
      } catch {
        // Without brokers nothing is owned; polling says so, and the next tick tries again.
      }
      void this.#settle();
    }
  }

  async #open(): Promise<void> {
    const old = this.#session;
    this.#session = null;
    await old?.close();
    try {
      this.#session = await openSession({ ...this.#options, onChange: () => void this.#settle() });
    } catch (error) {
      startFailed(this.#options.connection);
      throw error;
    }
  }

  /** Never throws; what failed is tried again at the next tick. */
  #settle(): Promise<void> {
    this.#settling ??= this.#settleOnce()
      .catch(() => {})
      .finally(() => {
        this.#settling = null;
      });
    return this.#settling;
  }

  /** Makes owned what is held and not owned yet. */
  async #settleOnce(): Promise<void> {
    const { nextGeneration, questions } = this.#options;
    const session = this.#session;
    if (!session || this.#stop.signal.aborted) return;
    const held = session.held();
    const owned = new Map([...this.#owned].filter(([partition]) => held.includes(partition)));
    this.#owned = owned;
    const fresh = held.filter((partition) => !owned.has(partition));
    if (fresh.length === 0) return;
    const generation = await nextGeneration();
    const byTopic = Map.groupBy(fresh, ({ topic }) => topic);
    const ids = await questions.topicIds([...byTopic.keys()]);
    const settled = await Promise.all(
      [...byTopic].map(async ([topic, partitions]) => {
        const starts = await questions.startOffsets(
          topic,
          partitions.map(({ partition }) => partition),
        );
        return partitions.map((own): [HeldPartition, OwnedPartition] => {
          const topicId = own.topicId ?? ids.get(topic) ?? "";
          const assignment = { topic, topicId, partition: own.partition, generation };
          return [own, { assignment, startOffset: starts.get(own.partition) ?? 0n }];
        });
      }),
    );
    await session.confirm();
    // Replaced meanwhile by `renew`, which wants other numbers.
    if (this.#owned !== owned || this.#session !== session) return;
    for (const [partition, own] of settled.flat()) {
      if (session.held().includes(partition)) owned.set(partition, own);
    }
  }
}

const isSame = (a: Assignment | undefined, b: Assignment) =>
  a?.topic === b.topic &&
  a.topicId === b.topicId &&
  a.partition === b.partition &&
  a.generation === b.generation;
