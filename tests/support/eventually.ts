/** Waits until an assertion holds, with a deadline instead of a bare sleep. */

import { systemClock } from "../../src/core/clock.ts";

/**
 * Runs `assertion` until it stops throwing (or rejecting) and answers its value.
 * After `timeoutMs` the last failure is thrown.
 */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  options: { timeoutMs?: number; intervalMs?: number } = {},
): Promise<T> {
  const { timeoutMs = 5_000, intervalMs = 20 } = options;
  const startMs = systemClock.monotonicMs();
  while (true) {
    try {
      return await assertion();
    } catch (error) {
      if (systemClock.monotonicMs() - startMs >= timeoutMs) throw error;
    }
    await systemClock.sleep(intervalMs);
  }
}
