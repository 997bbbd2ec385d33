/** What a relay is told. */

import type { Config } from "../config/config.ts";

export interface RelaySettings {
  /** Unique over all relays that ever run: the owner name in the store. */
  readonly relayId: string;
  readonly outbox: Config["outbox"];
  /** Made at start when missing. */
  readonly topics: readonly string[];
  readonly topicPartitions: number;
}

/** Never so long that a publish could outlive the lease it began under. */
export const publishTimeoutMs = ({ outbox }: RelaySettings) =>
  Math.min(outbox.publishTimeoutMs, (outbox.leaseSec * 1000) / 2);

/** How long after the start of its last renewal a lease is trusted, by the monotonic clock. */
export const trustMs = (settings: RelaySettings) =>
  settings.outbox.leaseSec * 1000 - Math.max(1000, publishTimeoutMs(settings));

/** An event log that is asked for longer than a publish may take could not tell any more which records came through. */
const ANSWER_MS = 500;

/** What is left to the event log of a publish with so much time left. */
export const produceTimeoutMs = (leftMs: number) => Math.max(leftMs - ANSWER_MS, leftMs / 2);
