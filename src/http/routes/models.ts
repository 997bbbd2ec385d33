/** The routes of models: which runs there are, which of them serves, and how one takes the place of another. */

import { err, ok, type Result } from "../../core/result.ts";
import { nullable, objectField, required } from "../../events/composite-field.ts";
import { boolField, type Field, floatField, intField, literalField, textField } from "../../events/field.ts";
import { under } from "../../events/issue.ts";
import type { RunSummary } from "../../models/ports.ts";
import { problemText, type RegistryProblem } from "../../models/registry.ts";
import { shownSwitch } from "../../models/shown-switch.ts";
import { SLOTS, type SlotName } from "../../models/slots.ts";
import { shadowReport as mergedReport } from "../../recommend/shadow-report.ts";
import { readJson } from "../body.ts";
import { failure, invalid } from "../errors.ts";
import { eachParameter, QueryReader } from "../query.ts";
import { instant, json } from "../reply.ts";
import type { Call, Failure, Outcome, Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

/** Who changed something, as the audit log calls callers of the API. */
const ACTOR = "api";
const RUN_ID_MAX = 64;
const DEFAULT_RUNS = 20;

export const runsLimitField = intField({ min: 1, max: 200 });
const slotField = literalField(...SLOTS);
const runIdField = textField(RUN_ID_MAX);
const promoteField = objectField({
  run_id: required(runIdField),
  slot: nullable(slotField),
  activate: nullable(boolField),
});
const rollbackField = objectField({ slot: nullable(slotField) });
const reloadField = objectField({
  mode: nullable(textField(16)),
  source: nullable(textField(1_024)),
  run_id: nullable(runIdField),
  rollout: nullable(floatField({})),
});

export const MODEL_BODIES = {
  PolicyPromoteBody: promoteField.schema,
  PolicyRollbackBody: rollbackField.schema,
  ModelReloadBody: reloadField.schema,
};

type ValueOf<F> = F extends Field<infer T> ? T : never;
type Handle = Route["handle"];

const NOTHING_COMPARED = mergedReport([]);
const RUN_NOT_FOUND = failure(404, "not_found", "Run not found");
const INVALID_MODE = failure(400, "invalid_mode", "mode must be primary or shadow");
const REGISTERED = /^(?:runs\/)?(\d{8}_\d{6})\/?$/;

export function modelHandlers({
  config,
  registry,
  loadedModels,
  shadowReport,
}: HttpServices): Record<
  "models" | "shadowReport" | "reload" | "policy" | "runs" | "promote" | "rollback",
  Handle
> {
  const read = async <T>(call: Call, field: Field<T>): Promise<Result<T, Failure>> => {
    const body = await readJson(call, config.http.maxBodyBytes);
    if (!body.ok) return body;
    const parsed = field.read(body.value, null);
    return parsed.ok ? parsed : err(invalid(under(["body"], parsed.error)));
  };
  return {
    async models(call) {
      const { activeSlot, shadow, version } = await registry.state(call.deadline);
      const { primary, shadow: loadedShadow } = loadedModels();
      return json(200, {
        primary: shownModel(primary),
        shadow: loadedShadow === null ? null : shownModel(loadedShadow),
        shadow_rollout: shadow?.rollout ?? 0,
        registry: { active_slot: activeSlot, version },
      });
    },
    async shadowReport(call) {
      const { shadow: registered } = await registry.state(call.deadline);
      const { primary, shadow } = loadedModels();
      const report = await shadowReport();
      return json(200, {
        primary: primary.policy,
        shadow: shadow?.policy ?? null,
        shadow_rollout: registered?.rollout ?? 0,
        sample_rate: config.models.shadowSampleRate,
        ...(report ?? NOTHING_COMPARED),
      });
    },
    async reload(call) {
      const body = await read(call, reloadField);
      if (!body.ok) return body.error;
      const request = reloadRequest(body.value);
      if (!request.ok) return request.error;
      const { source } = request.value;
      if (source === null) return reload(registry, request.value, call);
      const admitted = await registry.admit(source, call.deadline);
      if (!admitted.ok) return loadFailed(admitted.error);
      return reload(registry, { ...request.value, runId: admitted.value }, call);
    },
    async policy(call) {
      const state = await registry.state(call.deadline);
      const [latest] = await registry.runs(1, call.deadline);
      const named = Object.values(state.slots).flatMap(({ currentRun }) => currentRun ?? []);
      const runs = new Map((await registry.find(named, call.deadline)).map((run) => [run.runId, run]));
      const bySlot = <T>(value: (slot: SlotName) => T) =>
        Object.fromEntries(SLOTS.map((slot) => [slot, value(slot)]));
      return json(200, {
        active_slot: state.activeSlot,
        slots: bySlot((slot) => {
          const { currentRun } = state.slots[slot];
          const promotion = state.promotions[slot];
          if (currentRun === null) return null;
          const run = runs.get(currentRun);
          return {
            run_id: currentRun,
            policy_version: run?.policyVersion ?? null,
            model: run?.strategy ?? null,
            sha256: run?.artifactSha256 ?? null,
            promoted_at: promotion === null ? null : instant(promotion.atMs),
            promoted_by: promotion?.by ?? null,
          };
        }),
        previous: bySlot((slot) => state.slots[slot].previousRun),
        latest: latest?.runId ?? null,
      });
    },
    async runs(call) {
      const reader = new QueryReader();
      let given: string | null | undefined;
      eachParameter(call.query, (name, value) => {
        if (name === "limit") given = value;
      });
      const limit = reader.optional("limit", given, runsLimitField) ?? DEFAULT_RUNS;
      if (reader.issues.length > 0) return invalid(reader.issues);
      const runs = await registry.runs(limit, call.deadline);
      return json(200, { runs: runs.map(shownRun) });
    },
    async promote(call) {
      const body = await read(call, promoteField);
      if (!body.ok) return body.error;
      const { run_id: runId, slot, activate } = body.value;
      const promotion = { runId, slot: slot ?? "default", activate, actor: ACTOR };
      const promoted = await registry.promote(promotion, call.deadline);
      return promoted.ok ? json(200, shownSwitch(promoted.value, "promoted")) : conflict(promoted.error);
    },
    async rollback(call) {
      const body = await read(call, rollbackField);
      if (!body.ok) return body.error;
      const slot = body.value.slot ?? (await registry.state(call.deadline)).activeSlot;
      const back = await registry.rollback({ slot, actor: ACTOR }, call.deadline);
      return back.ok ? json(200, shownSwitch(back.value, "rolled_back")) : conflict(back.error);
    },
  };
}

interface ReloadRequest {
  readonly mode: "primary" | "shadow";
  readonly runId: string | null;
  /** A folder with a run; null where the run is named, or nothing is. */
  readonly source: string | null;
  /** Within 0 to 1; null: not given. */
  readonly rollout: number | null;
}

function reloadRequest(body: ValueOf<typeof reloadField>): Result<ReloadRequest, Failure> {
  const { mode = "primary", source, run_id, rollout } = { ...body, mode: body.mode ?? "primary" };
  if (mode !== "primary" && mode !== "shadow") return err(INVALID_MODE);
  const named = run_id ?? REGISTERED.exec(source ?? "")?.[1] ?? null;
  const clamped = rollout === null ? null : Math.min(1, Math.max(0, rollout));
  return ok({ mode, runId: named, source: named === null ? source : null, rollout: clamped });
}

async function reload(
  registry: HttpServices["registry"],
  { mode, runId, rollout }: ReloadRequest,
  { deadline }: Call,
): Promise<Outcome> {
  if (mode === "shadow") {
    const wanted = runId ?? (await registry.runs(1, deadline))[0]?.runId;
    if (wanted === undefined) return RUN_NOT_FOUND;
    const loaded = await registry.loadShadow({ runId: wanted, rollout, actor: ACTOR }, deadline);
    if (!loaded.ok) return loadFailed(loaded.error);
    return reloaded("shadow", loaded.value.runId, loaded.value.rollout, "Shadow model loaded");
  }
  const state = await registry.state(deadline);
  const primary = (run: string | null, share: number) =>
    reloaded("primary", run, share, "Primary model reloaded");
  if (runId !== null) {
    const promotion = { runId, slot: state.activeSlot, activate: null, actor: ACTOR };
    const promoted = await registry.promote(promotion, deadline);
    if (!promoted.ok) return loadFailed(promoted.error);
    const moved =
      rollout === null || state.shadow === null ? null : await registry.setRollout(rollout, ACTOR, deadline);
    if (moved && !moved.ok) return loadFailed(moved.error);
    return primary(runId, moved?.value.rollout ?? state.shadow?.rollout ?? 0);
  }
  if (rollout !== null) {
    const moved = await registry.setRollout(rollout, ACTOR, deadline);
    if (!moved.ok) return loadFailed(moved.error);
    return primary(state.slots[state.activeSlot].currentRun, moved.value.rollout);
  }
  if (state.shadow !== null) {
    const promoted = await registry.promoteShadow(ACTOR, deadline);
    return promoted.ok ? primary(promoted.value.runId, 0) : loadFailed(promoted.error);
  }
  const done = await registry.reload(ACTOR, deadline);
  return done.ok ? primary(state.slots[state.activeSlot].currentRun, 0) : loadFailed(done.error);
}

const reloaded = (mode: string, runId: string | null, rollout: number, message: string): Outcome =>
  json(200, { status: "ok", mode, run_id: runId, shadow_rollout: rollout, message });

/** What a failed gate is on the routes that promote. */
function conflict(problem: RegistryProblem): Failure {
  return problem.kind === "unknown_run" ? RUN_NOT_FOUND : failure(409, "conflict", problemText(problem));
}

/** What it is where a model is loaded: the old one serves on. */
function loadFailed(problem: RegistryProblem): Failure {
  if (problem.kind === "unknown_run") return RUN_NOT_FOUND;
  if (problem.kind === "invalid_source") return failure(400, "invalid_source", problemText(problem));
  if (problem.kind === "no_shadow") return failure(409, "conflict", problemText(problem));
  return failure(500, "policy_load_failed", problemText(problem));
}

const shownRun = (run: RunSummary) => ({
  run_id: run.runId,
  policy_version: run.policyVersion,
  model: run.strategy,
  sha256: run.artifactSha256,
  created_at: instant(run.createdAtMs),
  metrics: run.metrics,
});

const shownModel = ({
  runId,
  loadedAtMs,
  artifacts,
}: ReturnType<HttpServices["loadedModels"]>["primary"]) => ({
  run_id: runId,
  loaded_at: instant(loadedAtMs),
  artifacts,
});
