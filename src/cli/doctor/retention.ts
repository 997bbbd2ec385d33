/** Checks that nothing is removed while something else still relies on it. */

import type { Config } from "../../config/config.ts";
import { fail, pass, type Verdict, warn } from "./check.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Room for clocks and for the pace of clean-ups. */
const MARGIN_HOURS = 24;

type Retention = Pick<Config, "ingest" | "eventLog" | "outbox" | "retention">;

export function judgeRetention(config: Retention): Verdict {
  const { ingest, eventLog, outbox, retention } = config;
  const problems: string[] = [];
  const eventDays = ingest.maxEventAgeMs / DAY_MS;
  if (retention.factDays > 0 && retention.factDays < eventDays) {
    problems.push(
      `FACT_RETENTION_DAYS is ${retention.factDays}, but events of up to ${round(eventDays)} days are accepted (CONTRACT_MAX_EVENT_AGE_MS)`,
    );
  }
  const markerHours = retention.consumedDays * 24;
  for (const [variable, hours] of [
    ["EVENT_LOG_RETENTION_HOURS", eventLog.retentionHours],
    ["OUTBOX_RETENTION_HOURS", outbox.retentionHours],
  ] as const) {
    if (markerHours >= hours + MARGIN_HOURS) continue;
    problems.push(
      `CONSUMED_RETENTION_DAYS is ${retention.consumedDays}, but what ${variable}=${hours} keeps may be read again later than that and would count twice`,
    );
  }
  if (problems.length > 0) return fail(problems.join("; "));
  return pass(
    `facts ${retention.factDays === 0 ? "for ever" : `${retention.factDays} d`}, consumed markers ${retention.consumedDays} d, ` +
      `event log ${round(eventLog.retentionHours / 24)} d, outbox ${round(outbox.retentionHours / 24)} d`,
  );
}

/** Clean-ups keep the markers that its replay needs, however old it is; only their number grows meanwhile. */
export function judgeDeadLetters({ retention }: Retention, oldestPendingMs: number): Verdict {
  if (oldestPendingMs === 0) return pass("no dead letter waits");
  const age = `the oldest waiting dead letter is ${round(oldestPendingMs / DAY_MS)} days old`;
  if (oldestPendingMs <= retention.consumedDays * DAY_MS) return pass(age);
  return warn(
    `${age}, and consumed markers older than CONSUMED_RETENTION_DAYS=${retention.consumedDays} are kept for it: ` +
      "run reco replay-feature-consumer-dlq",
  );
}

const round = (value: number): number => Math.round(value * 10) / 10;
