/** What `reco status` tells: the stable shape of its JSON. */

import type { OutboxSnapshot } from "../../events/ports.ts";
import type { Address } from "../address.ts";

/** A part that could not be learned says why. */
export interface Unknown {
  readonly error: string;
}

export interface ActorReport {
  readonly id: string;
  readonly state: string;
  readonly isolation: string;
  readonly pid: number;
  readonly incarnation: number;
  readonly restarts: number;
  readonly uptime_sec: number;
  readonly last_exit: string | null;
}

export interface StoreReport {
  readonly kind: "embedded" | "external";
  /** Without its password. */
  readonly address: string;
  readonly version: string;
}

export interface OutboxReport {
  readonly pending: number;
  readonly publishing: number;
  readonly published: number;
  readonly dead: number;
  readonly oldest_lag_ms: number;
}

/** How far this tree's consumers are behind the end of the event log. */
export interface LagReport {
  readonly records: number;
  readonly partitions: readonly PartitionLag[];
}

export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
}

export interface StatusReport {
  readonly running: true;
  readonly version: string;
  readonly pid: number;
  readonly data_dir: string;
  readonly roles: readonly string[];
  readonly ports: {
    readonly http: Address | null;
    readonly metrics: Address;
    readonly store: number | null;
  };
  readonly actors: readonly ActorReport[];
  readonly store: StoreReport | Unknown;
  /** Null in a tree that answers no recommendations. */
  readonly policy: string | Unknown | null;
  readonly outbox: OutboxReport | Unknown;
  /** Null in a tree without consumers. */
  readonly lag: LagReport | Unknown | null;
}

export function toOutboxReport(snapshot: OutboxSnapshot): OutboxReport {
  const { pending, publishing, published, dead, oldestLagMs } = snapshot;
  return { pending, publishing, published, dead, oldest_lag_ms: Math.round(oldestLagMs) };
}
