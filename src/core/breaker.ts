/**
 * Keeps calls away from a dependency that fails or crawls.
 *
 * States: `closed` lets every call through and judges the window; `open` refuses every call for a time that doubles
 * each time in a row; `half_open` lets a few probes through and refuses the rest.
 *
 *   closed ── too many failures or slow calls ──► open ── time is up, or a ping succeeded ──► half_open
 *     ▲                                            ▲                                             │
 *     │                                            └──────────── one probe fails ────────────────┤
 *     └───────────────────────── all probes succeed: the open time starts small again ───────────┘
 *
 * A call counts only in the state that admitted it: a late result cannot move a later state.
 */

import { CallWindow } from "./call-window.ts";
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";
import { exponentialDelay, jittered } from "./retry-delay.ts";

export type BreakerState = "closed" | "open" | "half_open";

/** The breaker refused the call: the dependency was not asked. */
export class BreakerOpenError extends Error {
  override name = "BreakerOpenError";
}

export interface BreakerSettings {
  readonly windowMs: number;
  /** Below this many calls in the window there is no verdict. */
  readonly minCalls: number;
  /** Shares of the calls in the window, from 0 to 1, at which it opens. */
  readonly failureShare: number;
  readonly slowShare: number;
  /** A call that took longer is slow, whatever its result. */
  readonly slowMs: number;
  readonly minOpenMs: number;
  readonly maxOpenMs: number;
  /** Up to this share is added to or taken from each open time. */
  readonly jitter: number;
  readonly probes: number;
}

/** The settings of every dependency; what is slow differs. */
export const dependencyBreaker = (slowMs: number): BreakerSettings => ({
  windowMs: 10_000,
  minCalls: 20,
  failureShare: 0.5,
  slowShare: 0.8,
  slowMs,
  minOpenMs: 1_000,
  maxOpenMs: 30_000,
  jitter: 0.2,
  probes: 3,
});

export interface BreakerObserver {
  moved(to: BreakerState): void;
  failed(): void;
}

type Phase =
  | { readonly kind: "closed" }
  | { readonly kind: "open"; readonly untilMs: number }
  | { readonly kind: "half_open"; admitted: number; succeeded: number };

export interface BreakerOptions {
  readonly settings: BreakerSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer?: BreakerObserver;
}

export class Breaker {
  readonly #options: BreakerOptions;
  readonly #window: CallWindow;
  #phase: Phase = { kind: "closed" };
  /** Times it opened since it was last closed. */
  #openings = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#window = new CallWindow(options.settings.windowMs);
  }

  get state(): BreakerState {
    return this.#phase.kind;
  }

  /**
   * Does `work`, which must settle, and judges it: only errors that `isFailure` recognises count against the
   * dependency, and a probe that fails in a way that `saysNothing` recognises was none. Rejects with BreakerOpenError when
   * the call is refused, else settles like `work`.
   */
  async run<T>(
    work: () => Promise<T>,
    isFailure: (error: unknown) => boolean,
    saysNothing: (error: unknown) => boolean = () => false,
  ): Promise<T> {
    const { clock } = this.#options;
    const phase = this.#admit();
    const startedMs = clock.monotonicMs();
    try {
      const value = await work();
      this.#settle(phase, startedMs, false);
      return value;
    } catch (error) {
      if (phase.kind === "half_open" && saysNothing(error)) phase.admitted--;
      else this.#settle(phase, startedMs, isFailure(error));
      throw error;
    }
  }

  /** A ping outside of the breaker succeeded: probes may start before the open time is up. */
  pingSucceeded(): void {
    if (this.#phase.kind === "open") this.#move({ kind: "half_open", admitted: 0, succeeded: 0 });
  }

  #admit(): Phase {
    const phase = this.#phase;
    if (phase.kind === "open" && this.#options.clock.monotonicMs() >= phase.untilMs) {
      this.#move({ kind: "half_open", admitted: 0, succeeded: 0 });
      return this.#admit();
    }
    if (phase.kind === "closed") return phase;
    if (phase.kind === "half_open" && phase.admitted < this.#options.settings.probes) {
      phase.admitted++;
      return phase;
    }
    throw new BreakerOpenError(`the breaker is ${phase.kind}`);
  }

  #settle(admittedIn: Phase, startedMs: number, failed: boolean): void {
    if (failed) this.#options.observer?.failed();
    if (admittedIn !== this.#phase) return;
    const { settings, clock } = this.#options;
    if (admittedIn.kind === "half_open") {
      if (failed) this.#open();
      else if (++admittedIn.succeeded === settings.probes) this.#close();
      return;
    }
    const nowMs = clock.monotonicMs();
    this.#window.record(nowMs, { failed, slow: nowMs - startedMs > settings.slowMs });
    const { calls, failures, slow } = this.#window.totals(nowMs);
    if (calls < settings.minCalls) return;
    if (failures >= settings.failureShare * calls || slow >= settings.slowShare * calls) this.#open();
  }

  #open(): void {
    const { settings, clock, random } = this.#options;
    const openMs = exponentialDelay(++this.#openings, settings.minOpenMs, settings.maxOpenMs);
    this.#move({ kind: "open", untilMs: clock.monotonicMs() + jittered(openMs, settings.jitter, random) });
  }

  #close(): void {
    this.#openings = 0;
    this.#window.clear();
    this.#move({ kind: "closed" });
  }

  #move(phase: Phase): void {
    this.#phase = phase;
    this.#options.observer?.moved(phase.kind);
  }
}
