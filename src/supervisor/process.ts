/** Realms that are child processes: both ends of the channel. */

import type { Clock } from "../core/clock.ts";
import type { ParentLink } from "./actor-host.ts";
import { sealed } from "./frames.ts";
import type { SpawnRealm } from "./realm-adapter.ts";

/** Set in a child process that is to act as a realm: a single binary runs itself again with it. */
const REALM_FLAG = "SUPERVISOR_REALM";
/** How long after the end of a process its channel may take to close. */
const CHANNEL_CLOSE_LIMIT_MS = 500;
/** How long a child whose supervisor died may take for an orderly end. */
const ORPHAN_LIMIT_MS = 1_500;
/** How long the last frame may take to leave. */
const FLUSH_LIMIT_MS = 500;

/** Processes started with `command`; they inherit the environment, stdout and stderr. */
export function processRealms(command: readonly string[], clock: Clock): SpawnRealm {
  return (request, events) => {
    let detail: string | null = null;
    let closed = false;
    let ended = false;
    const endOnce = () => {
      if (ended) return;
      ended = true;
      events.ended(detail ?? "ended for an unknown reason");
    };
    // The end may be reported before the last frames are: it counts once the channel is closed, too.
    const child = Bun.spawn({
      cmd: [...command],
      env: { ...Bun.env, [REALM_FLAG]: request.id },
      stdio: ["ignore", "inherit", "inherit"],
      serialization: "advanced",
      ipc: (raw: unknown) => events.frame(raw),
      onDisconnect: () => {
        closed = true;
        if (detail !== null) endOnce();
      },
      onExit: (_child, code, signal) => {
        detail = signal === null ? `exit code ${code} without a last frame` : `killed by signal ${signal}`;
        if (closed) endOnce();
        else clock.schedule(CHANNEL_CLOSE_LIMIT_MS, endOnce);
      },
    });
    return {
      pid: child.pid,
      send: (frame) => {
        if (closed || child.exitCode !== null || child.signalCode !== null) return;
        try {
          child.send(sealed(frame));
        } catch (error) {
          if (!isChannelClosed(error)) throw error;
        }
      },
      kill: () => child.kill("SIGKILL"),
    };
  };
}

function isChannelClosed(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === "ERR_IPC_CHANNEL_CLOSED";
}

/** True when a supervisor started this process as a realm. */
export function isProcessRealm(): boolean {
  return Bun.env[REALM_FLAG] !== undefined && process.send !== undefined;
}

/** The child's side. `orphaned` is called when the supervisor is gone; the process ends soon after, in any case. */
export function processLink(clock: Clock, onFrame: (raw: unknown) => void, orphaned: () => void): ParentLink {
  // What this process starts itself must not take itself for a realm.
  delete Bun.env[REALM_FLAG];
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {}); // A terminal signals the whole group; the supervisor leads the ordered stop.
  }
  const parentGone = () => {
    clock.schedule(ORPHAN_LIMIT_MS, () => process.exit(1));
    orphaned();
  };
  process.on("message", onFrame);
  process.on("disconnect", parentGone);
  if (!process.connected) parentGone();
  return {
    send: (frame) => {
      if (process.connected) process.send?.(sealed(frame));
    },
    end: (frame, code) => {
      const exit = () => process.exit(code);
      // An exit drops what the channel has not written yet, so that waits for the last frame.
      clock.schedule(FLUSH_LIMIT_MS, exit);
      if (process.connected) process.send?.(sealed(frame), undefined, undefined, exit);
      else exit();
    },
  };
}
