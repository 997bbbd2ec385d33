/** The `/reco` calls of the last window: status and latency of each, bounded by age, then by number. */

import type { Config } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { RecoWindow } from "./services.ts";

/** One worker's calls, oldest first; cloneable. */
export interface RecoSampleSet {
  /** Wall time: workers' monotonic clocks start at different moments. */
  readonly atMs: Float64Array;
  readonly statuses: Uint16Array;
  readonly latenciesMs: Float64Array;
}

export interface RecoSamples {
  record(status: number, latencyMs: number): void;
  window(): RecoSampleSet;
  /** Calls in the window. */
  count(): number;
}

type Limits = Pick<Config["reco"], "metricsWindowSec" | "metricsMaxSamples">;

const FIRST_CAPACITY = 1024;

/** A ring that grows up to its limit. */
export function createRecoSamples(limits: Limits, clock: Clock): RecoSamples {
  let ring = emptySet(Math.min(FIRST_CAPACITY, limits.metricsMaxSamples));
  let first = 0;
  let count = 0;
  const capacity = () => ring.atMs.length;
  const dropExpired = (nowMs: number) => {
    const oldestMs = nowMs - limits.metricsWindowSec * 1000;
    while (count > 0 && (ring.atMs[first] ?? 0) < oldestMs) dropFirst();
  };
  const dropFirst = () => {
    first = (first + 1) % capacity();
    count--;
  };
  const makeRoom = () => {
    if (capacity() >= limits.metricsMaxSamples) return dropFirst();
    ring = unroll(ring, first, count, Math.min(capacity() * 2, limits.metricsMaxSamples));
    first = 0;
  };
  return {
    record(status, latencyMs) {
      const nowMs = clock.nowMs();
      if (count === capacity()) dropExpired(nowMs);
      if (count === capacity()) makeRoom();
      const at = (first + count) % capacity();
      ring.atMs[at] = nowMs;
      ring.statuses[at] = status;
      ring.latenciesMs[at] = latencyMs;
      count++;
    },
    count() {
      dropExpired(clock.nowMs());
      return count;
    },
    window() {
      dropExpired(clock.nowMs());
      return unroll(ring, first, count, count);
    },
  };
}

/** The calls of all workers together, of which the newest `metricsMaxSamples` are kept. */
export function mergeSamples(sets: readonly RecoSampleSet[], limits: Limits): RecoWindow {
  const cutMs = oldestKept(sets, limits.metricsMaxSamples);
  const statuses: number[] = [];
  const latenciesMs: number[] = [];
  for (const set of sets) {
    for (let index = 0; index < set.atMs.length; index++) {
      if ((set.atMs[index] ?? 0) < cutMs) continue;
      statuses.push(set.statuses[index] ?? 0);
      latenciesMs.push(set.latenciesMs[index] ?? 0);
    }
  }
  // Calls of the same ms as the oldest kept one may exceed the number.
  const surplus = Math.max(0, statuses.length - limits.metricsMaxSamples);
  return { statuses: statuses.slice(surplus), latenciesMs: latenciesMs.slice(surplus) };
}

function oldestKept(sets: readonly RecoSampleSet[], maxSamples: number): number {
  const total = sets.reduce((sum, set) => sum + set.atMs.length, 0);
  if (total <= maxSamples) return Number.NEGATIVE_INFINITY;
  const times = new Float64Array(total);
  let offset = 0;
  for (const { atMs } of sets) {
    times.set(atMs, offset);
    offset += atMs.length;
  }
  return times.sort()[total - maxSamples] ?? 0;
}

const emptySet = (capacity: number): RecoSampleSet => ({
  atMs: new Float64Array(capacity),
  statuses: new Uint16Array(capacity),
  latenciesMs: new Float64Array(capacity),
});

/** A copy of the ring's `count` samples, oldest first, with room for `capacity`. */
function unroll(ring: RecoSampleSet, first: number, count: number, capacity: number): RecoSampleSet {
  const copy = emptySet(capacity);
  const tail = Math.min(count, ring.atMs.length - first);
  for (const name of ["atMs", "statuses", "latenciesMs"] as const) {
    copy[name].set(ring[name].subarray(first, first + tail));
    copy[name].set(ring[name].subarray(0, count - tail), tail);
  }
  return copy;
}
