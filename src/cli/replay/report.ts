/** What the replay commands tell: the stable shapes of their JSON. */

import type { OutboxSnapshot } from "../../events/ports.ts";
import type { DeadLetterFilter } from "../../stores/postgres/dlq-replay.ts";
import type { DlqSnapshot } from "../../stores/postgres/dlq-snapshot.ts";
import type { RequeueFilter } from "../../stores/postgres/outbox-requeue.ts";
import { toOutboxReport } from "../status/report.ts";
import type { LetterOutcome } from "./replay-letters.ts";

export interface OutboxReplay {
  readonly dryRun: boolean;
  /** Rows that were requeued or, in a dry run, would be. */
  readonly ids: readonly bigint[];
  readonly snapshot: OutboxSnapshot;
}

export function outboxReport(filter: RequeueFilter, { dryRun, ids, snapshot }: OutboxReplay) {
  return {
    dry_run: dryRun,
    selected: ids.length,
    requeued: dryRun ? 0 : ids.length,
    status_filter: filter.status === "all" ? ["dead", "published"] : [filter.status],
    topic_filter: filter.topic,
    outbox_snapshot: toOutboxReport(snapshot),
    ids: ids.map(Number),
  };
}

export interface DeadLetterReplay {
  readonly dryRun: boolean;
  readonly filter: DeadLetterFilter;
  readonly outcomes: readonly LetterOutcome[];
  readonly snapshot: DlqSnapshot;
}

/** A duplicate counts as replayed, and a row whose outcome could not be noted as a mark failure alone. */
export function deadLetterReport({ dryRun, filter, outcomes, snapshot }: DeadLetterReplay) {
  const count = (...kinds: LetterOutcome["outcome"]["kind"][]) =>
    outcomes.filter(({ outcome }) => kinds.includes(outcome.kind)).length;
  return {
    dry_run: dryRun,
    selected: outcomes.length,
    replayed: count("processed", "duplicate"),
    replay_duplicates: count("duplicate"),
    replay_failed: count("failed"),
    mark_failures: count("unmarked"),
    status_filter: filter.statuses,
    topic_filter: filter.topic,
    dlq_snapshot: {
      pending: snapshot.pending,
      replayed: snapshot.replayed,
      max_retry_count: snapshot.maxRetryCount,
      oldest_pending_ms: Math.round(snapshot.oldestPendingMs),
    },
    details: outcomes.map(toDetail),
  };
}

const STATUS_WORDS = {
  candidate: "candidate",
  invalid: "candidate",
  processed: "processed",
  duplicate: "duplicate",
  failed: "failed",
  unmarked: "failed",
} as const;

function toDetail({ letter, outcome }: LetterOutcome) {
  const { topic, partition, offset } = letter.record;
  return {
    id: Number(letter.id),
    topic,
    partition,
    offset: Number(offset),
    status: STATUS_WORDS[outcome.kind],
    ...("error" in outcome ? { error: outcome.error } : { stream_event_id: outcome.streamEventId }),
  };
}
