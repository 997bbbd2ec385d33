/** Holds what a load run has seen against what the server's contract promises. */

import type { LoadSummary } from "./load-tally.ts";
import { numberAt } from "./members.ts";

type Target = "reco_p95_ms" | "reco_p99_ms" | "api_error_rate_pct";
type PerTarget<T> = Readonly<Record<Target, T>>;

export interface Sla {
  /** Null: the contract names none. */
  readonly targets: PerTarget<number | null>;
  readonly observed: PerTarget<number | null>;
  /** Null without a target. */
  readonly met: PerTarget<boolean | null>;
}

export function compareWithContract(contract: unknown, summary: LoadSummary): Sla {
  const targets = perTarget((name) => numberAt(contract, "sla_targets", name));
  const observed: PerTarget<number | null> = {
    reco_p95_ms: summary.latency_ms.p95,
    reco_p99_ms: summary.latency_ms.p99,
    api_error_rate_pct: summary.error_rate_pct,
  };
  const met = perTarget((name) => {
    const [target, value] = [targets[name], observed[name]];
    return target === null || value === null ? null : value <= target;
  });
  return { targets, observed, met };
}

const perTarget = <T>(of: (name: Target) => T): PerTarget<T> => ({
  reco_p95_ms: of("reco_p95_ms"),
  reco_p99_ms: of("reco_p99_ms"),
  api_error_rate_pct: of("api_error_rate_pct"),
});
