/** Lets a long command end in order at the first signal; a second one ends the process at once. */

export interface Interruptible extends Disposable {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
}

export function interruptible(): Interruptible {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const signals = ["SIGINT", "SIGTERM"] as const;
  const release = () => {
    for (const signal of signals) process.off(signal, abort);
  };
  for (const signal of signals) process.once(signal, abort);
  controller.signal.addEventListener("abort", release, { once: true });
  return { signal: controller.signal, [Symbol.dispose]: release };
}
