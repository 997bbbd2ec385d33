/** The registry of trained runs as an actor uses it: on the tree's store, with its files on this node. */

import { createRegistry, type ModelRegistry } from "../models/registry.ts";
import { writeMirrors } from "../stores/files/policy-mirrors.ts";
import { hashRunBundle } from "../stores/files/run-folder.ts";
import { runFolders } from "../stores/files/staged-runs.ts";
import { createRunStore } from "../stores/postgres/model-runs.ts";
import { createRegistryStore } from "../stores/postgres/registry-store.ts";
import type { ActorContext } from "../supervisor/actor.ts";
import type { Realm } from "./realm.ts";
import type { ActorArgs } from "./tree.ts";

export function openRegistry(
  { args, clock, id }: ActorContext<ActorArgs>,
  { pool, log }: Pick<Realm, "pool" | "log">,
): ModelRegistry {
  const { dataDir, modelsDir, reportsDir } = args.config;
  return createRegistry({
    store: createRegistryStore(pool),
    runs: createRunStore(pool, (runId) => hashRunBundle(dataDir, runId)),
    folders: runFolders({ modelsDir, dataDir }),
    mirrors: {
      write: (files) => writeMirrors(reportsDir, files, id),
      failed: ({ message }) => log.warn({ folder: reportsDir, error: message }, "policy.mirrors_not_written"),
    },
    clock,
  });
}
