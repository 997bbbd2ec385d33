/** The way of a new installation's first events: in, recommended, watched, through the backbone, counted. */

import type { Clock } from "../../core/clock.ts";
import { newUuidHex } from "../../core/ids.ts";
import type { Random } from "../../core/random.ts";
import type { ApiClient } from "./api-client.ts";
import { checkOutbox, checkReady, checkSamples, type OutboxCounts } from "./smoke-probes.ts";
import { sendSeeds, sendTraffic, sendTwice } from "./smoke-traffic.ts";

/** In the order in which they are made. */
export const SMOKE_CHECKS = [
  "readyz",
  "seed_events",
  "reco_traffic",
  "watch_traffic",
  "watch_idempotency",
  "outbox_settled",
  "reco_metrics_samples",
] as const;
export type SmokeCheck = (typeof SMOKE_CHECKS)[number];

export interface SmokePlan {
  readonly readyTimeoutMs: number;
  readonly pollMs: number;
  readonly seedUsers: number;
  readonly seedItems: number;
  readonly seedRounds: number;
  readonly recoRequests: number;
  readonly outboxTimeoutMs: number;
  readonly maxOutboxPending: number;
}

export interface SmokeReport {
  timestamp_ms: number;
  checks: Record<SmokeCheck, "pass" | "fail">;
  traffic: { reco_ok: number; watch_ok: number; empty_reco: number };
  seeded_events: number;
  /** Empty when none was seen. */
  outbox_snapshot: OutboxCounts | Record<string, never>;
  reco_metrics_sample_size: number;
}

export interface SmokeTools {
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of each check as it ends; `problem` is null when it passed. */
  readonly onCheck: (check: SmokeCheck, problem: string | null) => void;
}

/** Never throws: a check that fails, or cannot be tried, is `fail` in the report. */
export async function runSmoke(plan: SmokePlan, tools: SmokeTools): Promise<SmokeReport> {
  const { api, clock, random, onCheck } = tools;
  const report: SmokeReport = {
    timestamp_ms: clock.nowMs(),
    checks: Object.fromEntries(SMOKE_CHECKS.map((check) => [check, "fail"])) as SmokeReport["checks"],
    traffic: { reco_ok: 0, watch_ok: 0, empty_reco: 0 },
    seeded_events: 0,
    outbox_snapshot: {},
    reco_metrics_sample_size: 0,
  };
  const note = (check: SmokeCheck, problem: string | null) => {
    report.checks[check] = problem === null ? "pass" : "fail";
    onCheck(check, problem);
  };
  const notReady = await checkReady(api, plan, clock);
  note("readyz", notReady);
  if (notReady !== null) {
    for (const check of SMOKE_CHECKS.slice(1)) note(check, "not tried, since the server is not ready");
    return report;
  }
  const sender = { api, clock, runId: newUuidHex(clock, random) };

  const seeds = await sendSeeds(sender, plan);
  report.seeded_events = seeds.sent;
  note("seed_events", seeds.problem);

  const traffic = await sendTraffic(sender, plan.recoRequests);
  report.traffic = traffic.counts;
  note("reco_traffic", traffic.recoProblem);
  note("watch_traffic", traffic.watchProblem);
  note("watch_idempotency", await sendTwice(sender));

  const outbox = await checkOutbox(api, plan, clock);
  report.outbox_snapshot = outbox.seen ?? {};
  note("outbox_settled", outbox.problem);

  const samples = await checkSamples(api);
  report.reco_metrics_sample_size = samples.size;
  note("reco_metrics_samples", samples.problem);
  return report;
}
