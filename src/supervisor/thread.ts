/** Realms that are worker threads: both ends of the channel. */

import { parentPort, Worker } from "node:worker_threads";
import type { Clock } from "../core/clock.ts";
import type { ParentLink } from "./actor-host.ts";
import { sealed } from "./frames.ts";
import { portsOf, type Realm, type SpawnRealm, saysLoaded } from "./realm-adapter.ts";

/**
 * Threads that run `entry`. The worker of node:worker_threads is used and not the Web one, because it keeps the thrown
 * Error and says when it has ended.
 */
export function threadRealms(entry: string | URL, clock: Clock): SpawnRealm {
  return (request, events) => {
    const worker = new Worker(entry);
    const startTimeoutMs = request.startTimeoutMs;
    const spawnedAtMs = clock.monotonicMs();
    let thrown: unknown = null;
    let loaded = false;
    let killWanted = false;
    const terminate = () => void worker.terminate();
    worker.on("message", (raw: unknown) => {
      loaded ||= saysLoaded(raw);
      events.frame(raw);
      if (killWanted && loaded) terminate();
    });
    worker.on("error", (error) => {
      thrown = error;
    });
    worker.on("exit", (code) => {
      events.ended(thrown === null ? `exit code ${code} without a last frame` : String(thrown));
    });
    return {
      pid: process.pid,
      send: (frame) => worker.postMessage(sealed(frame), portsOf(frame)),
      // Terminating a thread that is still loading can crash the process, so that waits for its start time.
      kill: () => {
        killWanted = true;
        const leftMs = loaded ? 0 : startTimeoutMs - (clock.monotonicMs() - spawnedAtMs);
        if (leftMs <= 0) terminate();
        else clock.schedule(leftMs, terminate, { unref: true });
      },
    } satisfies Realm;
  };
}

/** The thread's side. Throws outside a thread. */
export function threadLink(onFrame: (raw: unknown) => void): ParentLink {
  const port = parentPort;
  if (!port) throw new Error("not a worker thread");
  port.on("message", onFrame);
  return {
    send: (frame) => port.postMessage(sealed(frame)),
    end: (frame, code) => {
      port.postMessage(sealed(frame));
      process.exit(code);
    },
  };
}
