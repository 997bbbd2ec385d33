/** Counts the calls of the last few seconds by outcome, in a fixed number of buckets. */

const BUCKETS = 10;

export interface CallTotals {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
}

interface Bucket {
  /** Number of the time slice that the counts belong to. */
  slice: number;
  calls: number;
  failures: number;
  slow: number;
}

export class CallWindow {
  readonly #sliceMs: number;
  #buckets: Bucket[] = [];

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / BUCKETS;
    this.clear();
  }

  record(nowMs: number, outcome: { readonly failed: boolean; readonly slow: boolean }): void {
    const slice = Math.floor(nowMs / this.#sliceMs);
    const place = slice % BUCKETS;
    let bucket = this.#buckets[place] as Bucket;
    if (bucket.slice !== slice) {
      bucket = { slice, calls: 0, failures: 0, slow: 0 };
      this.#buckets[place] = bucket;
    }
    bucket.calls++;
    if (outcome.failed) bucket.failures++;
    if (outcome.slow) bucket.slow++;
  }

  /** The window reaches back at least nine tenths of its length, and at most all of it. */
  totals(nowMs: number): CallTotals {
    const oldest = Math.floor(nowMs / this.#sliceMs) - BUCKETS + 1;
    const totals = { calls: 0, failures: 0, slow: 0 };
    for (const bucket of this.#buckets) {
      if (bucket.slice < oldest) continue;
      totals.calls += bucket.calls;
      totals.failures += bucket.failures;
      totals.slow += bucket.slow;
    }
    return totals;
  }

  clear(): void {
    this.#buckets = Array.from({ length: BUCKETS }, () => ({ slice: -1, calls: 0, failures: 0, slow: 0 }));
  }
}
