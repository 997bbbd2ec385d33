/** Turns how much was watched into a signal. */

import type { Signal } from "./model.ts";

/** Either measure alone is enough; an unknown percentage decides nothing. */
export function watchSignal(watchTimeSec: number, percentWatched: number | null): Signal {
  const percent = percentWatched ?? 0;
  if (percent >= 80 || watchTimeSec >= 120) return "purchase";
  if (percent >= 40 || watchTimeSec >= 30) return "click";
  return "view";
}
