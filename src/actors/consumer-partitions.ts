/** Keeps the state of each partition that a consumer owns. */

import type { Assignment, LogRecord } from "../events/ports.ts";

/** Records of one partition in one transaction at most. */
export const CHUNK_MAX = 500;

/**
 * unsynced -> (its position was set to the stored offset) -> ready -> waiting until a time -> unsynced ...
 * `given_up`: a newer owner exists; nothing happens until the log assigns the partition anew.
 */
export type Phase =
  | { readonly kind: "unsynced" }
  | { readonly kind: "ready" }
  | { readonly kind: "waiting"; readonly untilMs: number }
  | { readonly kind: "given_up" };

export interface PartitionState {
  readonly assignment: Assignment;
  phase: Phase;
  /** Consecutive failures that were not the record's fault. */
  outages: number;
  chunkLimit: number;
  /** Taken alone: it failed before. */
  suspect: bigint | null;
  /** When the single record at hand began to fail; monotonic. */
  aloneSinceMs: number | null;
  /** Records still taken one by one, each noted before it begins. */
  carefulRecords: number;
  /** Offsets of records that killed their process. */
  condemned: ReadonlySet<bigint>;
}

const keyOf = ({ topic, partition }: { topic: string; partition: number }) => `${topic}/${partition}`;
const isSame = (a: Assignment, b: Assignment) => a.generation === b.generation && a.topicId === b.topicId;

export class Partitions {
  #states = new Map<string, PartitionState>();
  readonly #carefulRecords: number;

  constructor(restarted: boolean) {
    this.#carefulRecords = restarted ? CHUNK_MAX : 0;
  }

  /** Brings the states in line with what is assigned: others go, new ones and new generations begin unsynced. */
  refresh(assignments: readonly Assignment[]): readonly PartitionState[] {
    const states = new Map<string, PartitionState>();
    for (const assignment of assignments) {
      const known = this.#states.get(keyOf(assignment));
      states.set(
        keyOf(assignment),
        known && isSame(known.assignment, assignment) ? known : this.#create(assignment),
      );
    }
    this.#states = states;
    return [...states.values()];
  }

  /** Records by partition in the order they came; those of partitions that are not ready are read again later. */
  group(records: readonly LogRecord[]): readonly { state: PartitionState; records: readonly LogRecord[] }[] {
    const groups = new Map<PartitionState, LogRecord[]>();
    for (const record of records) {
      const state = this.#states.get(keyOf(record));
      if (state?.phase.kind !== "ready" || state.assignment.topicId !== record.topicId) continue;
      const group = groups.get(state) ?? [];
      groups.set(state, group);
      group.push(record);
    }
    return [...groups].map(([state, group]) => ({ state, records: group }));
  }

  #create(assignment: Assignment): PartitionState {
    return {
      assignment,
      phase: { kind: "unsynced" },
      outages: 0,
      chunkLimit: CHUNK_MAX,
      suspect: null,
      aloneSinceMs: null,
      carefulRecords: this.#carefulRecords,
      condemned: new Set(),
    };
  }
}
