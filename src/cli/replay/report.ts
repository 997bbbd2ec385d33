/** What the replay commands tell: the stable shapes of their JSON. */

import type { OutboxSnapshot } from "../../events/ports.ts";
import type { RequeueFilter } from "../../stores/postgres/outbox-requeue.ts";
import { toOutboxReport } from "../status/report.ts";

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
