/** Moves runs into service and out of it: gates first, then one commit, then every worker follows or all go back. */

import type { Clock } from "../core/clock.ts";
import type { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import { err, ok, type Result } from "../core/result.ts";
import { admitRun } from "./admit-run.ts";
import { failedGate } from "./gates.ts";
import { mirroredRuns, mirrorFiles, SHOWN_RUNS } from "./policy-mirrors.ts";
import type {
  Committed,
  RegistryMirrors,
  RegistryState,
  RegistryStore,
  RunFolders,
  RunStore,
  RunSummary,
  Shadow,
} from "./ports.ts";
import type { SlotName } from "./slots.ts";

/** Time for the workers of all nodes to load what was committed. */
export const SWITCH_TIMEOUT_MS = 30_000;
const SWITCH_POLL_MS = 200;

export interface Switched extends Committed {
  readonly activeSlot: SlotName;
  /** Workers that answer by it. */
  readonly workersSwitched: number;
}

/** `unknown_run`: no such run. `invalid_source`: no folder that runs may come from. `gate`: the run may not serve. `workers`: not all could follow; the old state serves. */
export type RegistryProblem =
  | { readonly kind: "unknown_run" }
  | { readonly kind: "invalid_source" }
  | { readonly kind: "gate"; readonly message: string }
  | { readonly kind: "no_backup"; readonly slot: SlotName }
  | { readonly kind: "no_shadow" }
  | { readonly kind: "workers"; readonly message: string };

export interface Promotion {
  readonly runId: string;
  readonly slot: SlotName;
  readonly activate: boolean | null;
  readonly actor: string;
}

export interface ModelRegistry {
  /** Makes a run of the folder `source` one of the registry, if it passes the gates. Answers its id. */
  admit(source: string, deadline: Deadline): Promise<Result<string, RegistryProblem>>;
  state(deadline: Deadline): Promise<RegistryState>;
  /** The newest first. */
  runs(limit: number, deadline: Deadline): Promise<readonly RunSummary[]>;
  /** Those of `runIds` that are known. */
  find(runIds: readonly string[], deadline: Deadline): Promise<readonly RunSummary[]>;
  /** Every worker reads its models anew. */
  reload(actor: string, deadline: Deadline): Promise<Result<null, RegistryProblem>>;
  promote(promotion: Promotion, deadline: Deadline): Promise<Result<Switched, RegistryProblem>>;
  rollback(
    change: { readonly slot: SlotName; readonly actor: string },
    deadline: Deadline,
  ): Promise<Result<Switched, RegistryProblem>>;
  /** Loads a run beside the one that serves. A rollout that is not given stays as it is. */
  loadShadow(
    change: { readonly runId: string; readonly rollout: number | null; readonly actor: string },
    deadline: Deadline,
  ): Promise<Result<Shadow, RegistryProblem>>;
  setRollout(rollout: number, actor: string, deadline: Deadline): Promise<Result<Shadow, RegistryProblem>>;
  /** The shadow becomes what serves from the active slot, and is a shadow no more. */
  promoteShadow(actor: string, deadline: Deadline): Promise<Result<Switched, RegistryProblem>>;
}

export interface RegistryPorts {
  readonly store: RegistryStore;
  readonly runs: RunStore;
  readonly folders: RunFolders;
  readonly mirrors: RegistryMirrors;
  /** A change stands, and the files do not show it. */
  readonly mirrorsFailed: (error: Error) => void;
  readonly clock: Clock;
}

export function createRegistry(ports: RegistryPorts): ModelRegistry {
  const { store, runs, mirrors, clock } = ports;

  const gate = async (runId: string, deadline: Deadline): Promise<RegistryProblem | null> => {
    const evidence = await runs.evidence(runId, deadline);
    if (evidence === null) return { kind: "unknown_run" };
    const message = failedGate(evidence);
    return message === null ? null : { kind: "gate", message };
  };

  const promote = async (
    { runId, slot, activate, actor }: Promotion,
    deadline: Deadline,
  ): Promise<Result<Switched, RegistryProblem>> => {
    const problem = await gate(runId, deadline);
    if (problem !== null) return err(problem);
    const committed = await store.promote({ slot, runId, activate, actor }, deadline);
    return settle(committed, "promoted", actor, deadline);
  };

  /** A change that not every worker could follow is taken back, so that all answer by one model. */
  const settle = async (
    committed: Committed,
    done: "promoted" | "rolled_back",
    actor: string,
    deadline: Deadline,
  ): Promise<Result<Switched, RegistryProblem>> => {
    const switched = await waitForWorkers(ports, committed.version, deadline);
    if (switched.ok) {
      const { activeSlot } = committed.state;
      await mirror(committed, done, deadline);
      return ok({ ...committed, activeSlot, workersSwitched: switched.value });
    }
    await store.revert(committed, actor, deadline);
    return err({ kind: "workers", message: switched.error });
  };

  /** The change stands whether or not it can be shown. */
  const tried = (write: () => Promise<void>): Promise<void> =>
    write().catch((thrown) => ports.mirrorsFailed(asError(thrown)));

  const mirror = ({ runId, slot }: Committed, done: "promoted" | "rolled_back", deadline: Deadline) =>
    tried(async () => {
      const state = await store.state(deadline);
      const policies = await runs.policies(mirroredRuns(state), deadline);
      await mirrors.write(mirrorFiles(state, policies, { done, runId, slot, atMs: clock.nowMs() }));
    });

  const changeShadow = async (
    shadow: Shadow,
    actor: string,
    deadline: Deadline,
  ): Promise<Result<Shadow, RegistryProblem>> => {
    const before = (await store.state(deadline)).shadow;
    const { version } = await store.setShadow(shadow, actor, deadline);
    const switched = await waitForWorkers(ports, version, deadline);
    if (switched.ok) return ok(shadow);
    await store.setShadow(before, actor, deadline);
    return err({ kind: "workers", message: switched.error });
  };

  return {
    async admit(source, deadline) {
      const admitted = await admitRun(ports, source, deadline);
      if (admitted.ok) await tried(async () => mirrors.writeRuns(await runs.list(SHOWN_RUNS, deadline)));
      return admitted;
    },
    state: (deadline) => store.state(deadline),
    runs: (limit, deadline) => runs.list(limit, deadline),
    find: (runIds, deadline) => runs.find(runIds, deadline),
    async reload(actor, deadline) {
      const { version } = await store.touch(actor, deadline);
      const switched = await waitForWorkers(ports, version, deadline);
      return switched.ok ? ok(null) : err({ kind: "workers", message: switched.error });
    },
    promote,
    async rollback({ slot, actor }, deadline) {
      const target = (await store.state(deadline)).slots[slot].previousRun;
      if (target === null) return err({ kind: "no_backup", slot });
      const problem = await gate(target, deadline);
      if (problem !== null) return err(problem);
      const committed = await store.rollback({ slot, actor }, deadline);
      if (committed === "no_backup") return err({ kind: "no_backup", slot });
      return settle(committed, "rolled_back", actor, deadline);
    },
    async loadShadow({ runId, rollout, actor }, deadline) {
      const problem = await gate(runId, deadline);
      if (problem !== null) return err(problem);
      const before = (await store.state(deadline)).shadow;
      return changeShadow({ runId, rollout: rollout ?? before?.rollout ?? 0 }, actor, deadline);
    },
    async setRollout(rollout, actor, deadline) {
      const { shadow } = await store.state(deadline);
      if (shadow === null) return err({ kind: "no_shadow" });
      return changeShadow({ ...shadow, rollout }, actor, deadline);
    },
    async promoteShadow(actor, deadline) {
      const { shadow, activeSlot } = await store.state(deadline);
      if (shadow === null) return err({ kind: "no_shadow" });
      const { runId } = shadow;
      const promoted = await promote({ runId, slot: activeSlot, activate: null, actor }, deadline);
      if (!promoted.ok) return promoted;
      const { version } = await store.setShadow(null, actor, deadline);
      const switched = await waitForWorkers(ports, version, deadline);
      return switched.ok ? promoted : err({ kind: "workers", message: switched.error });
    },
  };
}

/** In words for operators. */
export function problemText(problem: RegistryProblem): string {
  switch (problem.kind) {
    case "unknown_run":
      return "Run not found";
    case "invalid_source":
      return "source must be runs/<run_id> of this registry, or a folder in MODELS_DIR or RECO_DATA_DIR";
    case "gate":
      return problem.message;
    case "no_backup":
      return `Slot ${problem.slot} has no previous run`;
    case "no_shadow":
      return "No shadow model is loaded";
    case "workers":
      return `Not every worker could load the model, and the old one serves on: ${problem.message}`;
    default:
      return problem satisfies never;
  }
}

/** How many workers answer by `version` or a later one once all do; an error when one cannot, or time ran out. */
async function waitForWorkers(
  { store, clock }: RegistryPorts,
  version: number,
  deadline: Deadline,
): Promise<Result<number, string>> {
  const wait = deadline.capped(SWITCH_TIMEOUT_MS);
  for (;;) {
    const workers = await store.workers(deadline);
    const failed = workers.find((worker) => worker.version >= version && worker.error !== null);
    if (failed) return err(`${failed.worker}: ${failed.error}`);
    const late = workers.filter((worker) => worker.version < version);
    if (late.length === 0) return ok(workers.length);
    if (wait.remainingMs() < SWITCH_POLL_MS) {
      return err(`${late.map(({ worker }) => worker).join(", ")} did not follow in time`);
    }
    await clock.sleep(SWITCH_POLL_MS);
  }
}
