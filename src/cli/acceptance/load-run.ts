/** Asks a server for recommendations many times over, and reports how it did. */

import type { Clock } from "../../core/clock.ts";
import type { Random } from "../../core/random.ts";
import { round3 } from "../../http/reply.ts";
import type { ApiAnswer, ApiClient } from "./api-client.ts";
import { drive, type LoadPlan } from "./load-drive.ts";
import { type LoadSummary, LoadTally } from "./load-tally.ts";
import { compareWithContract, type Sla } from "./sla.ts";

const USERS = 5_000;
const SESSIONS = 500_000;
const PROGRESS_LINES = 10;

export interface LoadConfig {
  readonly base_url: string;
  readonly requests: number;
  readonly concurrency: number;
  readonly k: number;
  readonly timeout_sec: number;
  readonly warmup: number;
  readonly autolog_impressions: boolean;
}

export interface LoadReport {
  readonly timestamp_ms: number;
  readonly config: LoadConfig;
  readonly benchmark_elapsed_sec: number;
  readonly summary: LoadSummary;
  readonly sla: Sla;
  /** What the routes answer, or `{error}`. */
  readonly contract: unknown;
  readonly reco_metrics_snapshot: unknown;
}

export interface LoadTools {
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly onProgress: (line: string) => void;
}

/** `ratePerSec` null: a closed loop. Never throws: what fails is counted. */
export async function runLoad(
  config: LoadConfig,
  ratePerSec: number | null,
  { api, clock, random, onProgress }: LoadTools,
): Promise<LoadReport> {
  const timestampMs = clock.nowMs();
  const contract = await api.get("/contract");
  const path = () =>
    `/reco?user_id=load-user-${pick(random, USERS)}&session_id=session-${pick(random, SESSIONS)}` +
    `&k=${config.k}&x_autolog_impressions=${config.autolog_impressions}`;

  const measure = async (requests: number, onRecorded: (tally: LoadTally) => void) => {
    const tally = new LoadTally(requests);
    const plan: LoadPlan = { requests, concurrency: config.concurrency, ratePerSec };
    const send = async (startedMs: number) => {
      const answer = await api.get(path());
      tally.record(answer, clock.monotonicMs() - startedMs);
      onRecorded(tally);
    };
    const startedMs = clock.monotonicMs();
    await drive(plan, send, clock);
    return { tally, elapsedSec: (clock.monotonicMs() - startedMs) / 1000 };
  };

  onProgress(describe(config, ratePerSec));
  const { tally: warmUp } = await measure(config.warmup, () => {});
  onProgress(`warm-up: ${warmUp.total} requests, ${warmUp.failed} failed`);
  const step = Math.ceil(config.requests / PROGRESS_LINES);
  const { tally, elapsedSec } = await measure(config.requests, ({ total, failed }) => {
    if (total % step === 0) onProgress(`${total} of ${config.requests} requests, ${failed} failed`);
  });
  const summary = tally.summary(elapsedSec);
  return {
    timestamp_ms: timestampMs,
    config,
    benchmark_elapsed_sec: round3(elapsedSec),
    summary,
    sla: compareWithContract(contract.ok ? contract.body : null, summary),
    contract: bodyOrError(contract),
    reco_metrics_snapshot: bodyOrError(await api.get("/metrics/reco")),
  };
}

/** Latencies of the two kinds must not be taken for one another. */
const describe = ({ requests, concurrency }: LoadConfig, ratePerSec: number | null) =>
  ratePerSec === null
    ? `closed loop: ${requests} requests, ${concurrency} at a time; latency counts from each start`
    : `open loop: ${requests} requests, ${ratePerSec} a second; latency counts from the scheduled start`;

const bodyOrError = (answer: ApiAnswer) => (answer.ok ? answer.body : { error: answer.problem });

/** A whole number from 1 to `last`. */
const pick = (random: Random, last: number) => 1 + Math.floor(random.next() * last);
