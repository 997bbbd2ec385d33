/** Judges figures of a running reco against the targets of its contract. Pure. */

import { memberAt, numberAt, objectAt } from "./members.ts";

export interface GuardrailInput {
  /** Body of `/analytics/baseline`, or its `metrics`. */
  readonly baseline: unknown;
  /** Body of `/contract`. */
  readonly contract: unknown;
  /** Body of `/metrics/reco`. */
  readonly recoMetrics: unknown;
  /** Fewer samples say nothing about latency. */
  readonly minSlaSamples: number;
}

export interface GuardrailCheck {
  readonly name: string;
  readonly status: "pass" | "fail" | "unknown" | "skipped";
  readonly observed: number | null;
  readonly target: number | null;
  readonly comparator: ">=" | "<=";
  readonly unit: "pct" | "sec" | "ms" | "samples";
  readonly message?: string;
}

/** The comparison of two values; unknown where one is missing. */
function judge(given: Omit<GuardrailCheck, "status" | "message">): GuardrailCheck {
  const { name, observed, target, comparator, unit } = given;
  const judged = (status: GuardrailCheck["status"]) => ({ name, status, observed, target, comparator, unit });
  if (observed === null || target === null) {
    const missing = [...(observed === null ? ["observed"] : []), ...(target === null ? ["target"] : [])];
    return { ...judged("unknown"), message: `missing: ${missing.join(", ")}` };
  }
  return judged((comparator === ">=" ? observed >= target : observed <= target) ? "pass" : "fail");
}

/** Every check in its fixed order. */
export function checkGuardrails(input: GuardrailInput): readonly GuardrailCheck[] {
  const { baseline, contract, recoMetrics } = input;
  const metrics = objectAt(baseline, "metrics") ?? baseline;
  const kpi = (name: string, targetName: string, unit: "pct" | "sec") =>
    judge({
      name,
      observed: numberAt(metrics, name),
      target: targetOf(memberAt(contract, "kpi_targets", targetName)),
      comparator: ">=",
      unit,
    });
  return [
    kpi("ctr_at_20_pct", "ctr_at_20", "pct"),
    kpi("avg_watch_time_sec", "avg_watch_time_sec", "sec"),
    kpi("catalog_coverage_at_20_pct", "catalog_coverage_at_20", "pct"),
    ...latencyChecks(input),
    judge({
      name: "api_error_rate_pct",
      observed: numberAt(recoMetrics, "server_error_rate_pct") ?? numberAt(recoMetrics, "error_rate_pct"),
      target: targetOf(memberAt(contract, "sla_targets", "api_error_rate_pct")),
      comparator: "<=",
      unit: "pct",
    }),
  ];
}

function latencyChecks({ contract, recoMetrics, minSlaSamples }: GuardrailInput): GuardrailCheck[] {
  const samples = judge({
    name: "reco_latency_checks",
    observed: numberAt(recoMetrics, "sample_size"),
    target: minSlaSamples,
    comparator: ">=",
    unit: "samples",
  });
  if (samples.status === "unknown") return [samples];
  if (samples.status === "fail") return [{ ...samples, status: "skipped", message: "too few samples" }];
  return ["p95", "p99"].map((quantile) =>
    judge({
      name: `reco_${quantile}_ms`,
      observed: numberAt(recoMetrics, "latency_ms", quantile),
      target: targetOf(memberAt(contract, "sla_targets", `reco_${quantile}_ms`)),
      comparator: "<=",
      unit: "ms",
    }),
  );
}

/** A number, or the first signed decimal of a text such as `>= 8%`; else null. */
export function targetOf(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string") return null;
  const [found] = /[-+]?(?:\d+(?:\.\d+)?|\.\d+)/.exec(value) ?? [];
  return found === undefined ? null : Number(found);
}
