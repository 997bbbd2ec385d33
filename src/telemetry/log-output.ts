/** Standard output as log lines use it: never blocking, bounded, whole lines. */

import { once } from "node:events";
import { pino } from "pino";
import { Deadline } from "../core/deadline.ts";

const MAX_BUFFERED_BYTES = 1024 * 1024;
/** Linux writes up to this many bytes to a pipe in one piece, so lines of several realms do not mix. */
const MAX_WRITE_BYTES = 4096;

export interface LogOutput {
  /** Takes one line with its line feed, or drops it when a slow reader has let 1 MiB pile up. */
  write(line: string): void;
  /** Waits at most `timeoutMs` for what is buffered; lines written later are dropped. */
  close(timeoutMs: number): Promise<void>;
}

/** `onDrop` is called for each line that is lost. `fd` is standard output by default. */
export function openLogOutput(onDrop: () => void, fd = 1): LogOutput {
  const destination = pino.destination({
    fd,
    sync: false,
    minLength: 0,
    maxLength: MAX_BUFFERED_BYTES,
    maxWrite: MAX_WRITE_BYTES,
  } as Parameters<typeof pino.destination>[0]);
  let closed = false;
  destination.on("drop", onDrop);
  // The lines stay buffered and are tried again with the next write: a full disk must not end an actor.
  destination.on("error", () => {});
  return {
    write(line) {
      if (closed) onDrop();
      else destination.write(line);
    },
    async close(timeoutMs) {
      if (closed) return;
      closed = true;
      const finished = once(destination, "close");
      destination.end();
      try {
        await Deadline.after(timeoutMs).race(finished);
      } catch {
        // The reader is stuck; what it has not taken is lost with the process.
      }
    },
  };
}
