/** What the registry of trained runs needs of a store. Every call may throw StoreUnavailableError. */

import type { Deadline } from "../core/deadline.ts";
import type { RunEvidence } from "./gates.ts";
import type { SlotChange, SlotName, SlotState } from "./slots.ts";

export interface Shadow {
  readonly runId: string;
  /** Share of users that it answers, 0 to 1. */
  readonly rollout: number;
}

export interface RegistryState extends SlotState {
  readonly shadow: Shadow | null;
  /** When and by whom each slot got its current run. */
  readonly promotions: Readonly<Record<SlotName, { readonly atMs: number; readonly by: string } | null>>;
  /** Grows with every change. */
  readonly version: number;
  /** Another one asks for models to be read anew, although their runs are the same. */
  readonly generation: number;
}

/** What an http worker of any node answers by. */
export interface WorkerReport {
  readonly worker: string;
  readonly version: number;
  /** Why it could not follow; null when it did. */
  readonly error: string | null;
}

export type Committed = SlotChange & { readonly version: number };

/** Every change is one transaction with its rows in `policy_history` and `audit_log`. */
export interface RegistryStore {
  state(deadline: Deadline): Promise<RegistryState>;
  promote(
    change: {
      readonly slot: SlotName;
      readonly runId: string;
      readonly activate: boolean | null;
      readonly actor: string;
    },
    deadline: Deadline,
  ): Promise<Committed>;
  /** `no_backup`: the slot has no previous run; nothing was changed. */
  rollback(
    change: { readonly slot: SlotName; readonly actor: string },
    deadline: Deadline,
  ): Promise<Committed | "no_backup">;
  /** Puts the slots back as they were before the change, unless somebody changed anything since. */
  revert(change: Committed, actor: string, deadline: Deadline): Promise<void>;
  /** Null takes the shadow away. */
  setShadow(shadow: Shadow | null, actor: string, deadline: Deadline): Promise<{ readonly version: number }>;
  /** Makes every worker load anew what serves. */
  touch(actor: string, deadline: Deadline): Promise<{ readonly version: number }>;
  report(report: WorkerReport, deadline: Deadline): Promise<void>;
  /** Reports of the last seconds. */
  workers(deadline: Deadline): Promise<readonly WorkerReport[]>;
}

export interface RunSummary {
  readonly runId: string;
  readonly strategy: string;
  readonly createdAtMs: number;
  /** Where its model stands in the object store. */
  readonly artifactUri: string;
  readonly artifactSha256: string;
  readonly policyVersion: string;
  /** What it was trained with. */
  readonly params: Readonly<Record<string, unknown>>;
  /** What validation said of it. */
  readonly metrics: Readonly<Record<string, unknown>>;
}

export interface RunStore {
  /** The newest first. */
  list(limit: number, deadline: Deadline): Promise<readonly RunSummary[]>;
  /** Those of `runIds` that are known. */
  find(runIds: readonly string[], deadline: Deadline): Promise<readonly RunSummary[]>;
  /** Policy documents of those of `runIds` that are known. */
  policies(
    runIds: readonly string[],
    deadline: Deadline,
  ): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>>;
  /** What the gates judge; null for an unknown run. The artifact is read and summed up, so this may take a while. */
  evidence(runId: string, deadline: Deadline): Promise<RunEvidence | null>;
  /** Does nothing where a run has that name: a name stands for one run for ever. */
  register(run: ModelRun, deadline: Deadline): Promise<void>;
}

/** A run as it lies in a folder, before the registry knows it. */
export interface StagedRun extends RunEvidence {
  readonly runId: string;
  readonly strategy: string;
  readonly policy: Readonly<Record<string, unknown>>;
  readonly manifest: object;
  /** Path of the model file, in the folder of its documents. */
  readonly artifact: string;
}

/** The registry's row of a run. */
export interface ModelRun {
  readonly runId: string;
  readonly strategy: string;
  /** Where the run's files stand in the object store. */
  readonly artifactUri: string;
  readonly artifactSha256: string;
  readonly manifest: object;
  readonly policy: object;
}

export interface RunFolders {
  /** Null: `source` is no folder of this installation. A text says what is wrong with what lies there. */
  read(source: string, deadline: Deadline): Promise<StagedRun | string | null>;
  /** Copies the run to where its files belong, whole, in place of what may be there. */
  adopt(run: StagedRun, deadline: Deadline): Promise<void>;
}

/** Files that show the registry to tools and people. */
export interface RegistryMirrors {
  /** File name -> document; null takes the file away. */
  write(files: ReadonlyMap<string, object | null>): Promise<void>;
  /** The newest runs, the newest first. */
  writeRuns(runs: readonly RunSummary[]): Promise<void>;
}
