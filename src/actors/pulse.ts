/** Keeps the heartbeat content while an actor waits on purpose. */

import type { Clock, Timer } from "../core/clock.ts";
import type { Deadline } from "../core/deadline.ts";

const EVERY_MS = 1_000;

/** Settles like `work`, reporting progress until then, but not beyond the deadline: a wait that outlives it is a hang. */
export async function pulsing<T>(
  work: Promise<T>,
  { clock, deadline, progress }: { clock: Clock; deadline: Deadline; progress: () => void },
): Promise<T> {
  let timer: Timer | null = null;
  const beat = () => {
    progress();
    timer = deadline.expired ? null : clock.schedule(EVERY_MS, beat, { unref: true });
  };
  beat();
  try {
    return await work;
  } finally {
    (timer as Timer | null)?.cancel();
  }
}
