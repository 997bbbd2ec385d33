/** The registry of trained runs as an actor uses it: on the tree's store, with its files on this node. */

import { createRegistry, type ModelRegistry } from "../models/registry.ts";
import { registryPorts } from "../stores/registry-ports.ts";
import type { ActorContext } from "../supervisor/actor.ts";
import type { Realm } from "./realm.ts";
import type { ActorArgs } from "./tree.ts";

export function openRegistry(
  { args, clock, id }: ActorContext<ActorArgs>,
  { pool, log }: Pick<Realm, "pool" | "log">,
): ModelRegistry {
  const { dataDir, modelsDir, reportsDir } = args.config;
  const mirrorsFailed = ({ message }: Error) =>
    log.warn({ folders: [modelsDir, reportsDir], error: message }, "policy.mirrors_not_written");
  const ports = registryPorts({ pool, dataDir, modelsDir, reportsDir, writerId: id });
  return createRegistry({ ...ports, mirrorsFailed, clock });
}
