/** Joins the registry of models with what an http worker answers by. */

import { hostname } from "node:os";
import type { LoadedModel, LoadedModels } from "../http/services.ts";
import { loadModel } from "../models/model-file.ts";
import { createRegistry, type ModelRegistry } from "../models/registry.ts";
import type { InstallableRecommender } from "../recommend/engine.ts";
import type { TrainedModel } from "../recommend/trained-model.ts";
import { hashRunBundle, readRunBundle } from "../stores/files/run-folder.ts";
import { createRunStore } from "../stores/postgres/model-runs.ts";
import { createRegistryStore } from "../stores/postgres/registry-store.ts";
import type { ActorContext } from "../supervisor/actor.ts";
import { type Installed, ModelFollower } from "./model-follower.ts";
import type { Realm } from "./realm.ts";
import type { ActorArgs } from "./tree.ts";

export interface Models extends AsyncDisposable {
  readonly registry: ModelRegistry;
  readonly loaded: () => LoadedModels;
  /** Installs what is promoted, and goes on following. Never rejects. */
  start(): Promise<void>;
}

export function openModels(
  context: ActorContext<ActorArgs>,
  { pool, log }: Realm,
  recommender: Pick<InstallableRecommender, "install">,
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
  const install = (models: Installed<TrainedModel>) => {
    recommender.install(models);
    const shown = (slot: string, runId: string): LoadedModel => ({
      runId,
      policy: `${slot}:${runId}`,
      loadedAtMs: clock.nowMs(),
      artifacts: [`runs/${runId}/bundle.bin`],
    });
    loaded = {
      primary: models.primary ? shown(models.primary.slot, models.primary.runId) : builtIn,
      shadow: models.shadow && shown("shadow", models.shadow.runId),
    };
  };
  const follower = new ModelFollower<TrainedModel>({
    worker: `${hostname()}:${process.pid}:${context.id}`,
    store,
    load: async (runId, deadline) => loadModel(await deadline.race(readRunBundle(dataDir, runId))),
    install,
    clock,
    log,
  });
  return {
    registry: createRegistry({ store, runs, clock }),
    loaded: () => ({ ...loaded, failure: follower.failure }),
    start: () => follower.start(),
    [Symbol.asyncDispose]: () => follower[Symbol.asyncDispose](),
  };
}
