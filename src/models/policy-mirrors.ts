/** The registry as files that tools and people can read: what each of them holds. */

import type { RegistryState, RunSummary } from "./ports.ts";
import { SLOTS, type SlotName } from "./slots.ts";

/** What was done last. */
export interface MirroredChange {
  readonly done: "promoted" | "rolled_back";
  readonly runId: string;
  readonly slot: SlotName;
  readonly atMs: number;
}

/** Where a run's policy document stands in the object folder. */
export const policyPath = (runId: string) => `runs/${runId}/decision_policy.json`;

/**
 * File name -> document; null where there is to be no file. `policies` are the documents of the runs in the slots. The
 * pointer to what was done last comes last: where it stands the others do.
 */
export function mirrorFiles(
  state: RegistryState,
  policies: ReadonlyMap<string, object>,
  { done, runId, slot, atMs }: MirroredChange,
): ReadonlyMap<string, object | null> {
  const policyOf = (run: string | null) => (run === null ? null : (policies.get(run) ?? null));
  const files = new Map<string, object | null>();
  for (const name of SLOTS) {
    const { currentRun, previousRun } = state.slots[name];
    const stem = name === "default" ? "decision_policy" : `decision_policy.${name}`;
    files.set(`${stem}.json`, policyOf(currentRun));
    files.set(`${stem}.previous.json`, policyOf(previousRun));
  }
  const { activeSlot } = state;
  files.set("active_slot.json", activeSlot === "default" ? null : { active_slot: activeSlot });
  files.set("latest.json", {
    run_id: runId,
    updated_at: new Date(atMs).toISOString(),
    decision_policy: policyPath(runId),
    [done]: true,
    slot,
  });
  return files;
}

/** Runs whose documents `mirrorFiles` asks for. */
export const mirroredRuns = ({ slots }: RegistryState): readonly string[] => [
  ...new Set(
    SLOTS.flatMap((name) => [slots[name].currentRun, slots[name].previousRun]).flatMap((run) => run ?? []),
  ),
];

/** A run that was trained and serves nowhere yet; `manifest` is its own. */
export const latestRunFiles = (
  runId: string,
  manifest: { readonly metrics: object },
  atMs: number,
): ReadonlyMap<string, object> =>
  new Map<string, object>([
    ["latest_metrics.json", { run_id: runId, ...manifest.metrics }],
    ["latest.json", { run_id: runId, updated_at: new Date(atMs).toISOString() }],
  ]);

/** Runs that `model_registry.json` tells of. */
export const SHOWN_RUNS = 20;

/** `model_registry.json` of the models folder. `runs`: the newest first. */
export function shownRuns(runs: readonly RunSummary[]) {
  const [current = null, ...history] = runs.slice(0, SHOWN_RUNS).map((run) => ({
    run_id: run.runId,
    artifact_uri: run.artifactUri,
    logged_at: new Date(run.createdAtMs).toISOString(),
    artifacts: [{ name: run.artifactUri.split("/").at(-1), sha256: run.artifactSha256 }],
    params: run.params,
    metrics: run.metrics,
  }));
  return { current, history };
}
