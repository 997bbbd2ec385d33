/** Tells which runs a worker holds, as `reco_policy_info`: one series each, gone when the run is. */

import type { LoadedModels } from "../http/services.ts";
import type { Gauge, Metrics } from "../telemetry/metrics-types.ts";

type Held = Pick<LoadedModels, "primary" | "shadow">;

/** The slot is the part of the policy's name before the run. */
export function policyInfo(metrics: Metrics): (held: Held) => void {
  let shown: readonly Gauge[] = [];
  const show = (policy: string, runId: string, active: boolean): Gauge => {
    const slot = policy.slice(0, policy.indexOf(":"));
    const gauge = metrics.gauge("reco_policy_info", { slot, run_id: runId, active: String(active) });
    gauge.set(1);
    return gauge;
  };
  return ({ primary, shadow }) => {
    for (const gauge of shown) gauge.remove();
    shown = [show(primary.policy, primary.runId, true)];
    if (shadow !== null) shown = [...shown, show(shadow.policy, shadow.runId, false)];
  };
}
