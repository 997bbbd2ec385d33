/** Waits until the pipeline is quiet, then judges: what was lost, doubled or out of order. */

import type { Config } from "../../config/config.ts";
import { systemClock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import {
  findEffectDifferences,
  findUnaccounted,
  readBacklog,
  readOutboxIds,
} from "../../stores/postgres/effect-audit.ts";
import type { Pool } from "../../stores/postgres/pool-types.ts";
import { CommandError } from "../exit-codes.ts";
import type { History } from "./history.ts";
import { acknowledgementInversions, outboxInversions } from "./order.ts";
import { readLog } from "./read-log.ts";
import { isOwnUser, type Kind } from "./traffic.ts";

/** Liveness: 60 s for the lag to return to 0, and what a slow machine takes for the rest of the backlog. */
const SETTLE_TIMEOUT_MS = 180_000;
const SETTLE_POLL_MS = 250;
const AUDIT_TIMEOUT_MS = 120_000;
const KINDS: readonly Kind[] = ["watch", "impression", "direct"];

export interface Verdict {
  readonly settledMs: number | null;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly inverted: readonly string[];
  readonly logRecords: number;
}

export async function judge(pool: Pool, config: Config, history: History): Promise<Verdict> {
  const settledMs = await settle(pool);
  const deadline = Deadline.after(AUDIT_TIMEOUT_MS);
  const lost: string[] = [];
  for (const kind of KINDS) {
    const ids = history.acknowledged(kind).map(({ eventId }) => eventId);
    lost.push(...(await findUnaccounted(pool, kind, ids, deadline)).map((id) => `${kind} ${id}`));
  }
  const fold = {
    historySize: config.consumer.historySize,
    halfLifeHours: config.reco.popularityHalfLifeHours,
  };
  const { accepted } = history.counts.repeats;
  const doubled = [
    ...(await findEffectDifferences(pool, fold, deadline)),
    ...(accepted > 0 ? [`${accepted} posts of acknowledged events were taken for new`] : []),
  ];
  const records = await persistently(deadline, () => readLog(config, pool, deadline));
  const own = records.filter(({ userId }) => isOwnUser(userId));
  const inverted = [
    ...outboxInversions(own, await readOutboxIds(pool, deadline)),
    ...acknowledgementInversions(records, history.events),
  ];
  return { settledMs, lost, doubled, inverted, logRecords: records.length };
}

/** How long it took; null when it did not happen in time. */
async function settle(pool: Pool): Promise<number | null> {
  const startMs = systemClock.monotonicMs();
  const deadline = Deadline.after(SETTLE_TIMEOUT_MS);
  while (!deadline.expired) {
    const { unpublished, unapplied } = await persistently(deadline, () => readBacklog(pool, deadline));
    if (unpublished + unapplied === 0) return Math.round(systemClock.monotonicMs() - startMs);
    await systemClock.sleep(SETTLE_POLL_MS);
  }
  return null;
}

/** What was struck last may still be on its way back: reads that only failed say nothing about the events. */
async function persistently<T>(deadline: Deadline, read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (error instanceof CommandError || deadline.expired) throw error;
      await systemClock.sleep(SETTLE_POLL_MS);
    }
  }
}
