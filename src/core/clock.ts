/** Time as a dependency: the only place that reads the system clock or sets a timer. */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall time in ms since the Unix epoch. May jump. */
  nowMs(): number;
  /** Monotonic time in ms from an arbitrary origin. Use it for durations and deadlines. */
  monotonicMs(): number;
  /** Runs `callback` once after `delayMs`. `unref: true` lets the process end while the timer waits. */
  schedule(delayMs: number, callback: () => void, options?: { unref?: boolean }): Timer;
  /** Resolves after `delayMs`, or at once when `signal` is aborted. Never rejects. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, callback, options) {
    const handle = setTimeout(callback, delayMs);
    if (options?.unref) handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  sleep(delayMs, signal) {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(handle);
        signal?.removeEventListener("abort", finish);
        resolve();
      };
      const handle = setTimeout(finish, delayMs);
      signal?.addEventListener("abort", finish, { once: true });
    });
  },
};
