/** Shows judged guardrails to people and to programs. */

import type { GuardrailCheck } from "./guardrails.ts";

export interface GuardrailReport {
  readonly checks: readonly GuardrailCheck[];
  readonly summary: {
    readonly passed: number;
    readonly failed: number;
    readonly unknown: number;
    readonly skipped: number;
    readonly min_sla_samples: number;
  };
}

export function guardrailReport(checks: readonly GuardrailCheck[], minSlaSamples: number): GuardrailReport {
  const having = (status: GuardrailCheck["status"]) =>
    checks.filter((check) => check.status === status).length;
  return {
    checks,
    summary: {
      passed: having("pass"),
      failed: having("fail"),
      unknown: having("unknown"),
      skipped: having("skipped"),
      min_sla_samples: minSlaSamples,
    },
  };
}

/** One line a check, and one that counts them. */
export function describeGuardrails({ checks, summary }: GuardrailReport): readonly string[] {
  const counts = Object.entries(summary).map(([name, value]) => `${name}=${value}`);
  return [...checks.map(line), `[SUMMARY] ${counts.join(" ")}`];
}

const line = ({ status, name, observed, comparator, target, unit }: GuardrailCheck) =>
  `[${status.toUpperCase()}] ${name}: observed=${observed} ${comparator} target=${target} (${unit})`;
