/** Makes the realm this code runs in, a thread or a process of a supervised tree, a host of one actor. */

import { isMainThread } from "node:worker_threads";
import { systemClock } from "../core/clock.ts";
import { systemRandom } from "../core/random.ts";
import { Host, type ModuleTable } from "./actor-host.ts";
import { isProcessRealm, processLink } from "./process.ts";
import { threadLink } from "./thread.ts";

/** True in a thread, or a process, that a supervisor started: its entry file then calls `runRealm` and nothing else. */
export const isRealm = () => !isMainThread || isProcessRealm();

/**
 * Waits for the supervisor to say which actor to start. Everything that is thrown in this realm and caught by nobody
 * ends the actor. Throws outside a realm.
 */
export function runRealm(modules: ModuleTable): void {
  if (!isRealm()) throw new Error("not started by a supervisor");
  const clock = systemClock;
  let host: Host | null = null;
  const accept = (raw: unknown) => host?.accept(raw);
  const link = isMainThread ? processLink(clock, accept, () => host?.stop()) : threadLink(accept);
  host = new Host({ link, modules, clock, random: systemRandom });
  process.on("uncaughtException", (error) => host.fail(error));
  process.on("unhandledRejection", (error) => host.fail(error));
}
