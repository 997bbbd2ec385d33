/** Decides when the requests of a load run start: when one before has ended, or by a schedule. */

import type { Clock } from "../../core/clock.ts";

export interface LoadPlan {
  readonly requests: number;
  /** Requests a second by schedule (open loop); null: each starts when one before it has ended (closed loop). */
  readonly ratePerSec: number | null;
  /** Of a closed loop: requests under way at any time. */
  readonly concurrency: number;
}

/** One request; it never rejects. `startedMs` is monotonic, and what its latency counts from. */
export type Send = (startedMs: number) => Promise<void>;

/** Resolves when every request has ended. */
export function drive(plan: LoadPlan, send: Send, clock: Clock): Promise<void> {
  return plan.ratePerSec === null
    ? closedLoop(plan, send, clock)
    : openLoop(plan.requests, plan.ratePerSec, send, clock);
}

async function closedLoop({ requests, concurrency }: LoadPlan, send: Send, clock: Clock): Promise<void> {
  let started = 0;
  const worker = async () => {
    while (started < requests) {
      started++;
      await send(clock.monotonicMs());
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, requests) }, worker));
}

/**
 * A slow server delays no later request, and a late start counts as the request's latency: the delays that a
 * user would have seen are all in the figures. What is under way is bounded by rate times timeout.
 */
async function openLoop(requests: number, ratePerSec: number, send: Send, clock: Clock): Promise<void> {
  const firstMs = clock.monotonicMs();
  const dueMs = (index: number) => firstMs + (index * 1000) / ratePerSec;
  const underWay = new Set<Promise<void>>();
  let started = 0;
  while (true) {
    for (const nowMs = clock.monotonicMs(); started < requests && dueMs(started) <= nowMs; started++) {
      const sent = send(dueMs(started));
      underWay.add(sent);
      void sent.then(() => underWay.delete(sent));
    }
    if (started === requests) break;
    // Sleeps even when late, so that answers are read meanwhile.
    await clock.sleep(Math.max(0, dueMs(started) - clock.monotonicMs()));
  }
  await Promise.all(underWay);
}
