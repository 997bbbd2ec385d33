/** Decides, from past restart times, whether another restart is allowed. */

import type { ChildSpec } from "./actor.ts";
import { worstDelaysMs } from "./backoff.ts";

/** Times in ms of the restarts that may still count, oldest first. */
export type RestartWindow = readonly number[];

export interface WindowLimits {
  readonly intensity: number;
  readonly periodMs: number;
}

/** How long a killed realm may take to end; then it is given up on. */
export const KILL_LIMIT_MS = 2_000;

/**
 * Adds a restart at `nowMs` and forgets those older than `periodMs`; `exceeded` when more than `intensity` remain.
 * The window holds at most `intensity` + 1 times.
 */
export function recordRestart(
  window: RestartWindow,
  nowMs: number,
  limits: WindowLimits,
): { readonly window: RestartWindow; readonly exceeded: boolean } {
  const recent = [...window.filter((atMs) => nowMs - atMs <= limits.periodMs), nowMs];
  return {
    window: recent.slice(-(limits.intensity + 1)),
    exceeded: recent.length > limits.intensity,
  };
}

/**
 * The window of one child. It never is shorter than `intensity` failed starts in a row can take: otherwise back-off
 * and a long start timeout would spread the restarts so far that the window never fills.
 */
export function windowLimits(child: ChildSpec, limits: WindowLimits): WindowLimits {
  const worstMs =
    worstDelaysMs(limits.intensity, child.backoff) +
    limits.intensity * (child.startTimeoutMs + KILL_LIMIT_MS);
  return { intensity: limits.intensity, periodMs: Math.max(limits.periodMs, worstMs) };
}
