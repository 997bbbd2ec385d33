/** Chooses the kind of realm a child's specification asks for. */

import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { ChildSpec, Isolation } from "./actor.ts";
import type { ModuleTable } from "./actor-host.ts";
import { inlineRealms } from "./inline.ts";
import { processRealms } from "./process.ts";
import type { Realm, RealmEvents, SpawnRealm } from "./realm-adapter.ts";
import { threadRealms } from "./thread.ts";

/** How realms are made; only the kinds that the tree uses are needed. */
export interface RealmOptions {
  /** File that calls `runRealm`, run by each thread. */
  readonly threadEntry?: string | URL;
  /** Program and arguments that call `runRealm`, run by each process. */
  readonly processCommand?: readonly string[];
  /** The modules of inline actors. */
  readonly modules?: ModuleTable;
}

export type RealmSpawner = (child: ChildSpec, events: RealmEvents) => Realm;

/** Throws TypeError when a child's kind of realm was not said how to make. */
export function realmSpawner(
  children: readonly ChildSpec[],
  options: RealmOptions,
  clock: Clock,
  random: Random,
): RealmSpawner {
  const { threadEntry, processCommand, modules } = options;
  const spawners: Readonly<Record<Isolation, SpawnRealm | null>> = {
    thread: threadEntry === undefined ? null : threadRealms(threadEntry, clock),
    process: processCommand === undefined ? null : processRealms(processCommand, clock),
    inline: modules === undefined ? null : inlineRealms(modules, clock, random),
  };
  const spawnerOf = ({ id, isolation }: ChildSpec): SpawnRealm => {
    const spawn = spawners[isolation];
    if (!spawn) throw new TypeError(`${id}: how to make a ${isolation} was not said`);
    return spawn;
  };
  for (const child of children) spawnerOf(child);
  return (child, events) => spawnerOf(child)({ id: child.id, startTimeoutMs: child.startTimeoutMs }, events);
}
