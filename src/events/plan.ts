/** Decides what an accepted event writes, without touching a store. */

import { err, ok, type Result } from "../core/result.ts";
import type { AnyEvent, LogEvent } from "./model.ts";
import { partitionFor } from "./partitioner.ts";
import type { IngestPlan, OutboxDraft } from "./ports.ts";
import { encodeLogEvent } from "./wire.ts";

export interface PlanOptions {
  readonly topics: { readonly impressions: string; readonly watches: string };
  readonly outboxPartitions: number;
  readonly maxAttempts: number;
  /** Longest message value, in bytes. */
  readonly maxEventBytes: number;
}

/** `too_large`: the message of this event would be longer than the event log takes. */
export function planEvent(
  event: AnyEvent,
  bodyHash: Uint8Array,
  options: PlanOptions,
): Result<IngestPlan, "too_large"> {
  if (event.kind === "direct") return ok({ event, bodyHash, outbox: null });
  const outbox = draftOutbox(event, options);
  if (outbox.payload.length > options.maxEventBytes) return err("too_large");
  return ok({ event, bodyHash, outbox });
}

function draftOutbox(event: LogEvent, options: PlanOptions): OutboxDraft {
  const { topics, outboxPartitions, maxAttempts } = options;
  return {
    topic: event.kind === "impression" ? topics.impressions : topics.watches,
    key: event.userId,
    partition: partitionFor(event.userId, outboxPartitions),
    payload: encodeLogEvent(event),
    maxAttempts,
  };
}
