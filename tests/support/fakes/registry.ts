/** A registry in memory, and the workers that follow it. */

import type { RunEvidence } from "../../../src/models/gates.ts";
import type {
  Committed,
  RegistryMirrors,
  RegistryState,
  RegistryStore,
  RunFolders,
  RunStore,
  RunSummary,
  StagedRun,
  WorkerReport,
} from "../../../src/models/ports.ts";
import { promote, rollback, type SlotChange } from "../../../src/models/slots.ts";

const EMPTY = { currentRun: null, previousRun: null };

export interface FakeRegistry {
  readonly store: RegistryStore;
  readonly runs: RunStore;
  readonly folders: RunFolders;
  /** Runs in folders, by what a caller names as their source. */
  readonly staged: Map<string, StagedRun | string>;
  readonly mirrors: RegistryMirrors;
  mirrorsFailed(error: Error): void;
  /** As they were last shown. */
  shownRuns: readonly string[];
  /** Files as they were last written. */
  readonly files: Map<string, object>;
  readonly evidence: Map<string, RunEvidence>;
  state: RegistryState;
  /** What each worker says when it is asked, given the version that it should follow. */
  workers: (version: number) => readonly WorkerReport[];
}

/** A run that passes every gate. */
export const soundRun = (): RunEvidence => ({
  policy: {
    status: "ok",
    policy_version: "1.0.0",
    feature_schema_version: "1.0.0",
    selected_model_sha256: "a".repeat(64),
  },
  artifactSha256: "a".repeat(64),
});

/** The same in a folder. */
export const stagedRun = (runId: string, over: Partial<StagedRun> = {}): StagedRun => {
  const { policy, artifactSha256 } = soundRun();
  const strategy = "ease_rules_blend";
  return {
    runId,
    strategy,
    policy: { ...policy, run_id: runId },
    manifest: {},
    artifact: "bundle.bin",
    artifactSha256,
    ...over,
  };
};

export function fakeRegistry(runIds: readonly string[] = []): FakeRegistry {
  const commit = (change: SlotChange): Committed => {
    fake.state = { ...fake.state, ...change.state, version: fake.state.version + 1 };
    return { ...change, version: fake.state.version };
  };
  const summary = (runId: string): RunSummary => ({
    runId,
    strategy: "ease_rules_blend",
    createdAtMs: 1_767_225_600_000,
    artifactUri: `runs/${runId}/bundle.bin`,
    artifactSha256: "a".repeat(64),
    policyVersion: "1.0.0",
    params: {},
    metrics: {},
  });
  const files = new Map<string, object>();
  const staged: FakeRegistry["staged"] = new Map();
  const adopted = new Map<string, string | null>();
  const policyOf = (runId: string) =>
    (adopted.has(runId) && fake.evidence.get(runId)?.policy) || { run_id: runId };
  const fake: FakeRegistry = {
    files,
    staged,
    shownRuns: [],
    folders: {
      read: async (source) => staged.get(source) ?? null,
      async adopt({ runId, artifactSha256 }) {
        adopted.set(runId, artifactSha256);
        const known = fake.evidence.get(runId);
        if (known) fake.evidence.set(runId, { ...known, artifactSha256 });
      },
    },
    mirrors: {
      async write(written) {
        for (const [name, document] of written) {
          if (document === null) files.delete(name);
          else files.set(name, document);
        }
      },
      async writeRuns(runs) {
        fake.shownRuns = runs.map(({ runId }) => runId);
      },
    },
    mirrorsFailed(error) {
      throw error;
    },
    evidence: new Map(runIds.map((runId) => [runId, soundRun()])),
    state: {
      activeSlot: "default",
      slots: { default: EMPTY, blue: EMPTY, green: EMPTY },
      promotions: { default: null, blue: null, green: null },
      shadow: null,
      version: 0,
      generation: 0,
    },
    workers: (version) => [{ worker: "http-0", version, error: null }],
    store: {
      state: async () => fake.state,
      promote: async ({ slot, runId, activate }) => commit(promote(fake.state, slot, runId, activate)),
      async rollback({ slot }) {
        const change = rollback(fake.state, slot);
        return change.ok ? commit(change.value) : "no_backup";
      },
      async revert({ before, version }) {
        if (fake.state.version === version) fake.state = { ...fake.state, ...before, version: version + 1 };
      },
      async setShadow(shadow) {
        fake.state = { ...fake.state, shadow, version: fake.state.version + 1 };
        return { version: fake.state.version };
      },
      async touch() {
        const { version, generation } = fake.state;
        fake.state = { ...fake.state, version: version + 1, generation: generation + 1 };
        return { version: fake.state.version };
      },
      report: async () => {},
      workers: async () => fake.workers(fake.state.version),
    },
    runs: {
      list: async (limit) => [...fake.evidence.keys()].slice(0, limit).map(summary),
      find: async (ids) => ids.filter((runId) => fake.evidence.has(runId)).map(summary),
      policies: async (ids) =>
        new Map(ids.flatMap((runId) => (fake.evidence.has(runId) ? [[runId, policyOf(runId)]] : []))),
      evidence: async (runId) => fake.evidence.get(runId) ?? null,
      async register({ runId, policy }) {
        if (fake.evidence.has(runId)) return;
        const artifactSha256 = adopted.get(runId) ?? null;
        fake.evidence.set(runId, { policy: policy as Record<string, unknown>, artifactSha256 });
      },
    },
  };
  return fake;
}
