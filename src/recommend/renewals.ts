/** Reads again what is asked for and no longer fresh: the most urgent first, and never for more than a tenth of the time. */

import type { Clock } from "../core/clock.ts";

export interface RenewalOptions {
  readonly clock: Clock;
  /** Reads these keys and keeps what it read. Must not reject. */
  readonly read: (keys: readonly string[]) => Promise<void>;
  /** Keys of one read. */
  readonly maxKeys: number;
}

/** Keys wait this long for each other. */
const INTERVAL_MS = 100;
/** A pause is this many times as long as the read before it: what changes all the time must not occupy the store. */
const PAUSE_FACTOR = 9;

export class Renewals {
  readonly #options: RenewalOptions;
  readonly #asked = new Map<string, number>();
  #pauseMs = INTERVAL_MS;
  #due = false;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /** Keys that do not come into the next read are forgotten: who needs them asks again. */
  ask(key: string, urgency: number): void {
    this.#asked.set(key, urgency);
    if (this.#due) return;
    this.#due = true;
    this.#options.clock.schedule(this.#pauseMs, () => void this.#readMostUrgent(), { unref: true });
  }

  clear(): void {
    this.#asked.clear();
  }

  async #readMostUrgent(): Promise<void> {
    const { clock, read, maxKeys } = this.#options;
    const byUrgency = [...this.#asked].sort(([, a], [, b]) => b - a);
    this.#asked.clear();
    const startedMs = clock.monotonicMs();
    if (byUrgency.length > 0) await read(byUrgency.slice(0, maxKeys).map(([key]) => key));
    this.#pauseMs = Math.max(INTERVAL_MS, PAUSE_FACTOR * (clock.monotonicMs() - startedMs));
    this.#due = false;
  }
}
