/** What a soak run tells: the stable shape of its JSON. */

import manifest from "../../../package.json" with { type: "json" };
import { buildCommit } from "../../core/build-commit.ts";
import type { History } from "./history.ts";
import type { Struck } from "./injector.ts";
import type { Verdict } from "./verdict.ts";

/** Of each kind of violation so many are shown. */
const MAX_EXAMPLES = 20;

export interface SoakReport {
  readonly seed: number;
  readonly version: string;
  readonly commit: string;
  readonly event_log: "embedded" | "kafka";
  readonly duration_sec: number;
  readonly rate: number;
  readonly requests: { readonly ok: number; readonly fail: number; readonly unknown: number };
  readonly events: {
    readonly sent: number;
    readonly acknowledged: number;
    /** Posts of what had been acknowledged before. */
    readonly repeats: number;
    readonly log_records: number;
  };
  readonly answers: Readonly<Record<string, number>>;
  /** How often each fault struck, as `<verb> <target>`. */
  readonly faults: Readonly<Record<string, number>>;
  readonly fault_log: readonly object[];
  /** How long the pipeline took to get quiet; null when it did not. */
  readonly settled_ms: number | null;
  readonly checks: {
    readonly acknowledged_lost: number;
    readonly double_effects: number;
    readonly order_inversions: number;
    /** Ends of trees and answers that must not be. */
    readonly unexpected: number;
  };
  readonly examples: Readonly<Record<"lost" | "doubled" | "inverted" | "unexpected", readonly string[]>>;
  readonly clean: boolean;
}

export interface Findings {
  readonly seed: number;
  readonly durationMs: number;
  readonly rate: number;
  readonly eventLog: SoakReport["event_log"];
  readonly history: History;
  readonly faults: readonly Struck[];
  readonly unexpected: readonly string[];
  readonly verdict: Verdict;
}

export function reportOf(findings: Findings): SoakReport {
  const { seed, durationMs, rate, eventLog, history, faults, unexpected, verdict } = findings;
  const { lost, doubled, inverted, settledMs } = verdict;
  const violations = lost.length + doubled.length + inverted.length + unexpected.length;
  return {
    seed,
    version: manifest.version,
    commit: buildCommit,
    event_log: eventLog,
    duration_sec: durationMs / 1000,
    rate,
    requests: { ...history.counts.requests },
    events: {
      sent: history.events.length,
      acknowledged: history.acknowledged().length,
      repeats: history.counts.repeats.sent,
      log_records: verdict.logRecords,
    },
    answers: Object.fromEntries([...history.answers].sort()),
    faults: Object.fromEntries(countBy(faults, ({ verb, target }) => `${verb} ${target}`)),
    fault_log: faults.map(({ atMs, verb, target, forMs, pids }) => ({
      at_ms: atMs,
      verb,
      target,
      for_ms: forMs,
      pids,
    })),
    settled_ms: settledMs,
    checks: {
      acknowledged_lost: lost.length,
      double_effects: doubled.length,
      order_inversions: inverted.length,
      unexpected: unexpected.length,
    },
    examples: {
      lost: lost.slice(0, MAX_EXAMPLES),
      doubled: doubled.slice(0, MAX_EXAMPLES),
      inverted: inverted.slice(0, MAX_EXAMPLES),
      unexpected: unexpected.slice(0, MAX_EXAMPLES),
    },
    clean: violations === 0 && settledMs !== null,
  };
}

function countBy<T>(values: readonly T[], nameOf: (value: T) => string): readonly [string, number][] {
  const groups = Map.groupBy(values, nameOf);
  return [...groups].map(([name, { length }]): [string, number] => [name, length]).sort();
}
