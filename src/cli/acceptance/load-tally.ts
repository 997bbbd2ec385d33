/** Counts the answers of a load run and sums them up. */

import { percentile } from "../../http/kpi.ts";
import { round3 } from "../../http/reply.ts";
import type { ApiAnswer } from "./api-client.ts";
import { readSlate } from "./slate.ts";

export interface LoadSummary {
  readonly requests_total: number;
  readonly requests_ok: number;
  readonly requests_failed: number;
  readonly error_rate_pct: number;
  readonly rps: number;
  /** Of all requests, failed ones included: a timeout is a wait as well. Null without requests. */
  readonly latency_ms: Readonly<Record<"p50" | "p95" | "p99" | "mean" | "max", number | null>>;
  /** 0: no whole answer came. */
  readonly status_codes: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
}

export class LoadTally {
  readonly #latenciesMs: Float64Array;
  readonly #statusCodes = new Map<string, number>();
  readonly #errors = new Map<string, number>();
  #total = 0;
  #failed = 0;

  constructor(requests: number) {
    this.#latenciesMs = new Float64Array(requests);
  }

  get total(): number {
    return this.#total;
  }

  get failed(): number {
    return this.#failed;
  }

  record(answer: ApiAnswer, latencyMs: number): void {
    this.#latenciesMs[this.#total++] = latencyMs;
    increase(this.#statusCodes, String(answer.status));
    const slate = readSlate(answer);
    if (slate.ok) return;
    this.#failed++;
    increase(this.#errors, slate.error);
  }

  summary(elapsedSec: number): LoadSummary {
    const sorted = this.#latenciesMs.slice(0, this.#total).sort();
    const mean = sorted.reduce((sum, latencyMs) => sum + latencyMs, 0) / this.#total;
    return {
      requests_total: this.#total,
      requests_ok: this.#total - this.#failed,
      requests_failed: this.#failed,
      error_rate_pct: this.#total === 0 ? 0 : round3((this.#failed / this.#total) * 100),
      rps: elapsedSec > 0 ? round3(this.#total / elapsedSec) : 0,
      latency_ms: {
        p50: percentile(sorted, 0.5),
        p95: percentile(sorted, 0.95),
        p99: percentile(sorted, 0.99),
        mean: this.#total === 0 ? null : round3(mean),
        max: percentile(sorted, 1),
      },
      status_codes: Object.fromEntries(this.#statusCodes),
      errors: Object.fromEntries(this.#errors),
    };
  }
}

const increase = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
