/** Standard output as log lines use it: never blocking, bounded, whole lines. */

import { once } from "node:events";
import { pino } from "pino";
import { type Clock, systemClock, type Timer } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";

const MAX_BUFFERED_BYTES = 1024 * 1024;
/** Linux writes up to this many bytes to a pipe in one piece, so lines of several realms do not mix. */
const MAX_WRITE_BYTES = 4096;
/** A line that follows another within this time waits for more, because each hand-over costs as much as a line. */
const GATHER_MS = 5;
/** In UTF-16 code units; a line with many others than ASCII may exceed the bytes above, and does so alone as well. */
const MAX_GATHERED = 3_500;

export interface LogOutput {
  /** Takes one line with its line feed, or drops it when a slow reader has let 1 MiB pile up. */
  write(line: string): void;
  /** Waits at most `timeoutMs` for what is buffered; lines written later are dropped. */
  close(timeoutMs: number): Promise<void>;
}

/** `onDrop` is called for each line that is lost. `fd` is standard output by default. */
export function openLogOutput(onDrop: () => void, fd = 1, clock: Clock = systemClock): LogOutput {
  const destination = pino.destination({
    fd,
    sync: false,
    minLength: 0,
    maxLength: MAX_BUFFERED_BYTES,
    maxWrite: MAX_WRITE_BYTES,
  } as Parameters<typeof pino.destination>[0]);
  let closed = false;
  destination.on("drop", (lines: string) => {
    for (let at = lines.indexOf("\n"); at !== -1; at = lines.indexOf("\n", at + 1)) onDrop();
  });
  // The lines stay buffered and are tried again with the next write: a full disk must not end an actor.
  destination.on("error", () => {});
  let gathered = "";
  let timer: Timer | null = null;
  const flush = () => {
    if (gathered === "") return false;
    destination.write(gathered);
    gathered = "";
    return true;
  };
  const tick = () => {
    timer = flush() ? clock.schedule(GATHER_MS, tick, { unref: true }) : null;
  };
  return {
    write(line) {
      if (closed) return onDrop();
      if (gathered.length + line.length > MAX_GATHERED) flush();
      gathered += line;
      if (timer === null) tick();
    },
    async close(timeoutMs) {
      if (closed) return;
      closed = true;
      timer?.cancel();
      flush();
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
