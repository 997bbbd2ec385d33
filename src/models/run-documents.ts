/** The documents of a training run, by the names of their files: what people and the registry read beside the model. */

import { FACTORS } from "../recommend/item-factors.ts";
import { sha256 } from "./bundle.ts";
import { FEATURE_SCHEMA_VERSION, POLICY_VERSION } from "./gates.ts";
import { shortened } from "./ranking-document.ts";
import { TRAINED_SERVING } from "./serving-document.ts";
import type { Trained } from "./train.ts";

export const BUNDLE_FILE = "bundle.bin";

/** What the run was trained on. */
export interface DataRange {
  readonly events: number;
  readonly users: number;
  readonly items: number;
  /** Times of the first and the last event. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Highest row of `events` that was read. */
  readonly watermark: string;
  /** Events older than the memory allowed. */
  readonly leftOut: number;
}

/** File name -> document. `evaluation` is what came of a comparison with what served; null where there was none. */
export function runDocuments(
  { model, settings, easeForm, ials, validation }: Trained,
  bundle: Uint8Array,
  data: DataRange,
  createdAtMs: number,
  evaluation: object | null = null,
): ReadonlyMap<string, object> {
  const { runId, strategy } = model;
  const digest = sha256(bundle);
  const artifact = `runs/${runId}/${BUNDLE_FILE}`;
  const created_at = new Date(createdAtMs).toISOString();
  const params = {
    ease_form: easeForm,
    ease_lambda: easeForm && settings.lambda,
    ...(ials &&
      settings.ials && {
        ials: {
          factors: FACTORS,
          lambda: settings.ials.lambda,
          unobserved_weight: settings.ials.unobservedWeight,
          sweeps: ials.sweeps,
          cells: model.factors && model.factors.cellStarts.length - 1,
          probes: model.factors?.probes,
          recall_at_200: ials.recall,
        },
      }),
    profile_half_life: settings.profileHalfLife,
    signal_weights: settings.signalWeights,
    session_decay: settings.sessionDecay,
    weights: settings.weights,
    session_weights: settings.sessionWeights,
  };
  const data_range = {
    events: data.events,
    users: data.users,
    items: data.items,
    from: new Date(data.fromMs).toISOString(),
    to: new Date(data.toMs).toISOString(),
    watermark: data.watermark,
    events_left_out: data.leftOut,
  };
  const metrics = { validation, ...(evaluation && { evaluation }) };
  return new Map<string, object>([
    [
      "manifest.json",
      {
        run_id: runId,
        strategy,
        feature_schema_version: FEATURE_SCHEMA_VERSION,
        created_at,
        params,
        data_range,
        metrics,
        artifacts: [{ name: BUNDLE_FILE, bytes: bundle.length, sha256: digest }],
      },
    ],
    [
      "decision_policy.json",
      {
        status: "ok",
        policy_version: POLICY_VERSION,
        feature_schema_version: FEATURE_SCHEMA_VERSION,
        run_id: runId,
        selection_basis: "validation_ndcg@10",
        selected_model: strategy,
        selected_model_artifact: artifact,
        selected_model_sha256: digest,
        threshold: 0.5,
        max_action_rate: null,
        expected_net_profit: 0,
        cost_matrix: { tp: 180, fp: -20, fn: -200, tn: 0 },
        ranking_mode: "incremental_profit",
        uplift: {},
        tie_break_preference: "lower_id",
        debug: {},
        serving: {
          strategy,
          betas: shortened(settings.weights),
          session_betas: shortened(settings.sessionWeights),
          profile_half_life: settings.profileHalfLife,
          signal_weights: settings.signalWeights,
          ...TRAINED_SERVING,
        },
      },
    ],
    ["model_registry.json", { [strategy]: artifact }],
    ["model_checksums.json", { [artifact]: digest }],
    ["feature_spec.json", { schema_version: FEATURE_SCHEMA_VERSION, sources: Object.keys(settings.weights) }],
  ]);
}
