/** Joins the registry of models with what an http worker answers by. */

import { hostname } from "node:os";
import type { Deadline } from "../core/deadline.ts";
import type { LoadedModel, LoadedModels } from "../http/services.ts";
import { loadModel } from "../models/model-file.ts";
import type { RunStore } from "../models/ports.ts";
import { createRegistry, type ModelRegistry } from "../models/registry.ts";
import { readServingRules } from "../models/serving-document.ts";
import type { InstallableRecommender } from "../recommend/engine.ts";
import type { ServingRules } from "../recommend/serving-rules.ts";
import type { RunModels } from "../recommend/slates/replay-policy.ts";
import type { ServedRun } from "../recommend/trained-policy.ts";
import { hashRunBundle, readRunBundle } from "../stores/files/run-folder.ts";
import { createRunModels } from "../stores/files/run-models.ts";
import { createRunStore } from "../stores/postgres/model-runs.ts";
import { createRegistryStore } from "../stores/postgres/registry-store.ts";
import type { ActorContext } from "../supervisor/actor.ts";
import { type Installed, ModelFollower } from "./model-follower.ts";
import type { Realm } from "./realm.ts";
import type { ActorArgs } from "./tree.ts";

export interface Models extends AsyncDisposable {
  readonly registry: ModelRegistry;
  readonly loaded: () => LoadedModels;
  /** Models of runs that may not serve any more. */
  readonly runModels: RunModels;
  /** Installs what is promoted, and goes on following. Never rejects. */
  start(): Promise<void>;
}

export function openModels(
  context: ActorContext<ActorArgs>,
  { pool, log }: Realm,
  recommender: InstallableRecommender,
): Models {
  const { clock } = context;
  const { dataDir, reco } = context.args.config;
  const store = createRegistryStore(pool);
  const runs = createRunStore(pool, (runId) => hashRunBundle(dataDir, runId));
  const builtIn: LoadedModel = {
    runId: reco.policy,
    policy: `builtin:${reco.policy}`,
    loadedAtMs: clock.nowMs(),
    artifacts: [],
  };
  let loaded: Omit<LoadedModels, "failure"> = { primary: builtIn, shadow: null };
  const install = ({ primary, shadow }: Installed<ServedRun>) => {
    recommender.install({ primary, shadow });
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
  };
  const follower = new ModelFollower<ServedRun>({
    worker: `${hostname()}:${process.pid}:${context.id}`,
    store,
    load: async (runId, deadline) => ({
      model: loadModel(await deadline.race(readRunBundle(dataDir, runId))),
      rules: await servingRules(runs, runId, deadline),
    }),
    install,
    clock,
    log,
  });
  return {
    registry: createRegistry({ store, runs, clock }),
    runModels: createRunModels(runs, dataDir),
    loaded: () => ({ ...loaded, failure: follower.failure }),
    start: () => follower.start(),
    [Symbol.asyncDispose]: () => follower[Symbol.asyncDispose](),
  };
}

/** Rejects for a document that says what cannot be served, and for a run that is gone. */
async function servingRules(runs: RunStore, runId: string, deadline: Deadline): Promise<ServingRules> {
  const policy = await runs.policy(runId, deadline);
  if (policy === null) throw new Error(`run ${runId} has no policy document`);
  const rules = readServingRules(policy["serving"]);
  if (!rules.ok) throw new Error(`Policy is not usable: ${rules.error}`);
  return rules.value;
}
