/** One life of a member in a Kafka group, whatever the protocol. */

import type { Clock } from "../../core/clock.ts";
import type { KafkaConnection } from "./kafka-client.ts";
import type { KafkaQuestions } from "./kafka-questions.ts";

/** Silence after which a member no longer trusts what it holds. */
export const SESSION_MS = 10_000;

export interface HeldPartition {
  readonly topic: string;
  /** Null where the protocol does not tell. */
  readonly topicId: string | null;
  readonly partition: number;
}

export interface GroupSession {
  /** What the coordinator gave this member; the same objects for as long as it has them without a break. */
  held(): readonly HeldPartition[];
  /** When the coordinator was last asked and knew this member; monotonic. */
  readonly knownAtMs: number;
  /** True when only a new session helps. */
  readonly isOver: boolean;
  /** Does what is due; called about twice a second. Throws when the coordinator cannot be asked. */
  tick(): Promise<void>;
  /** Throws unless the coordinator, asked from now on, knows this member as it is. */
  confirm(): Promise<void>;
  commit(partition: HeldPartition, nextOffset: bigint): Promise<void>;
  /** Leaves the group. Never throws. */
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly connection: KafkaConnection;
  readonly group: string;
  readonly memberId: string;
  readonly topics: readonly string[];
  readonly clock: Clock;
  readonly questions: KafkaQuestions;
  /** Says that `held` is another. */
  readonly onChange: () => void;
}
