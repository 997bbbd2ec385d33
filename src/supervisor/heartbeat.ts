/** Decides from its beats whether a child still responds. */

export interface Pulse {
  /** Ticks of the supervisor since the last beat. */
  readonly missed: number;
  /** Beats in a row that showed work waiting and none getting done. */
  readonly stalled: number;
  readonly progress: number;
}

export const FRESH_PULSE: Pulse = { missed: 0, stalled: 0, progress: -1 };

export const ticked = (pulse: Pulse): Pulse => ({ ...pulse, missed: pulse.missed + 1 });

export function beaten(pulse: Pulse, beat: { readonly progress: number; readonly busy: boolean }): Pulse {
  const stuck = beat.busy && beat.progress === pulse.progress;
  return { missed: 0, stalled: stuck ? pulse.stalled + 1 : 0, progress: beat.progress };
}

/** Why the child counts as unresponsive after `limit` beats, or null while it does not. */
export function unresponsiveness(pulse: Pulse, limit: number): string | null {
  if (pulse.missed >= limit) return `unresponsive: ${pulse.missed} heartbeats missed`;
  if (pulse.stalled >= limit)
    return `unresponsive: work waits and ${pulse.stalled} heartbeats showed no progress`;
  return null;
}
