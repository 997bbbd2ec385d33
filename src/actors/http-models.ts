/** Joins the registry of models with what an http worker answers by. */

import { hostname } from "node:os";
import { Deadline } from "../core/deadline.ts";
import type { LoadedModel, LoadedModels } from "../http/services.ts";
import { loadModel } from "../models/model-file.ts";
import { memoryProblem, modelMemoryBytes } from "../models/model-memory.ts";
import type { RunStore } from "../models/ports.ts";
import type { ModelRegistry } from "../models/registry.ts";
import { readServingRules } from "../models/serving-document.ts";
import type { InstallableRecommender } from "../recommend/engine.ts";
import { lackingSource } from "../recommend/ranking-rules.ts";
import type { RunRules } from "../recommend/serving-rules.ts";
import type { RunModels } from "../recommend/slates/replay-policy.ts";
import type { TrainedModel } from "../recommend/trained-model.ts";
import type { ServedRun } from "../recommend/trained-policy.ts";
import { hashRunBundle, readSharedBundle } from "../stores/files/run-folder.ts";
import { createRunModels } from "../stores/files/run-models.ts";
import { createRunStore } from "../stores/postgres/model-runs.ts";
import { createRegistryStore } from "../stores/postgres/registry-store.ts";
import type { ActorContext } from "../supervisor/actor.ts";
import { type Installed, ModelFollower } from "./model-follower.ts";
import { type ModelMessage, ModelShelf } from "./model-shelf.ts";
import { openRegistry } from "./open-registry.ts";
import { policyInfo } from "./policy-metrics.ts";
import type { Realm } from "./realm.ts";
import type { ActorArgs } from "./tree.ts";

/** Of a file that a sibling asked for. */
const READ_TIMEOUT_MS = 20_000;

export interface Models extends AsyncDisposable {
  readonly registry: ModelRegistry;
  readonly loaded: () => LoadedModels;
  /** A sibling needs the file of a model. */
  handOver(message: ModelMessage): unknown;
  /** Models of runs that may not serve any more. */
  readonly runModels: RunModels;
  /** Installs what is promoted, and goes on following. Never rejects. */
  start(): Promise<void>;
}

export function openModels(
  context: ActorContext<ActorArgs>,
  { pool, log, metrics }: Realm,
  recommender: Pick<InstallableRecommender, "install">,
): Models {
  const { clock } = context;
  const { dataDir, reco, http, models } = context.args.config;
  const store = createRegistryStore(pool);
  const runs = createRunStore(pool, (runId) => hashRunBundle(dataDir, runId));
  const builtIn: LoadedModel = {
    runId: reco.policy,
    policy: `builtin:${reco.policy}`,
    loadedAtMs: clock.nowMs(),
    artifacts: [],
  };
  let loaded: Omit<LoadedModels, "failure"> = { primary: builtIn, shadow: null };
  const tellPolicies = policyInfo(metrics);
  tellPolicies(loaded);
  const install = ({ primary, shadow }: Installed<ServedRun>) => {
    recommender.install({ primary, shadow });
    const held = [primary, shadow].flatMap((each) => each?.run.model ?? []);
    // A run that is both is held once.
    const bytes = sizeOf([...new Set(held)]);
    metrics.gauge("reco_model_memory_bytes").set(bytes);
    if (bytes > 0) log.info({ bytes, max_bytes: models.memoryMaxBytes }, "model.memory");
    const shown = (slot: string, runId: string): LoadedModel => ({
      runId,
      policy: `${slot}:${runId}`,
      loadedAtMs: clock.nowMs(),
      artifacts: [`runs/${runId}/bundle.bin`],
    });
    loaded = {
      primary: primary ? shown(primary.slot, primary.runId) : builtIn,
      shadow: shadow && shown("shadow", shadow.runId),
    };
    tellPolicies(loaded);
  };
  const shelf = new ModelShelf({
    id: context.id,
    siblings: context.peers<ModelMessage>("http"),
    async read(runId, deadline) {
      const problemOf = (bytes: number) => memoryProblem(bytes, models.memoryMaxBytes);
      const file = await deadline.race(readSharedBundle(dataDir, runId, problemOf));
      log.info({ run_id: runId, bytes: file.byteLength }, "model.read");
      return file;
    },
    clock,
  });
  const memoryBytes = new WeakMap<TrainedModel, number>();
  const sizeOf = (held: readonly TrainedModel[]) =>
    held.reduce((sum, model) => sum + (memoryBytes.get(model) ?? 0), 0);
  const follower = new ModelFollower<ServedRun>({
    worker: `${hostname()}:${process.pid}:${context.id}`,
    store,
    async load(runId, generation, deadline) {
      const rules = await servingRules(runs, runId, deadline);
      const bytes = await shelf.take(runId, generation, deadline);
      // A run that was copied under another name answers by its own.
      const model = { ...loadModel(bytes), runId };
      checkSources(model, rules);
      memoryBytes.set(model, modelMemoryBytes(bytes.length, model, http.workers));
      return { model, ...rules };
    },
    problemOf: (held) => memoryProblem(sizeOf(held.map(({ model }) => model)), models.memoryMaxBytes),
    keep: (runIds, generation) => shelf.keep(runIds, generation),
    install,
    clock,
    log,
  });
  return {
    registry: openRegistry(context, { pool, log }),
    runModels: createRunModels(runs, dataDir),
    loaded: () => ({ ...loaded, failure: follower.failure }),
    handOver: (message) => shelf.answer(message, Deadline.after(READ_TIMEOUT_MS, clock)),
    start: () => follower.start(),
    [Symbol.asyncDispose]: () => follower[Symbol.asyncDispose](),
  };
}

/** Throws where a source is to count that the run does not have: its blend would be another one than was written. */
function checkSources(model: TrainedModel, { surfaces, ...common }: RunRules): void {
  for (const { ranking = {} } of [common, ...surfaces.values()]) {
    const lacking = lackingSource(model, ranking);
    if (lacking !== null) throw new Error(`Policy is not usable: run ${model.runId} has no ${lacking}`);
  }
}

/** Rejects for a document that says what cannot be served, and for a run that is gone. */
async function servingRules(runs: RunStore, runId: string, deadline: Deadline): Promise<RunRules> {
  const policy = (await runs.policies([runId], deadline)).get(runId);
  if (policy === undefined) throw new Error(`run ${runId} has no policy document`);
  const rules = readServingRules(policy["serving"]);
  if (!rules.ok) throw new Error(`Policy is not usable: ${rules.error}`);
  return rules.value;
}
