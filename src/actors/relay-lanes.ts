/** Runs a relay's rounds in lanes, so that one claims or marks while the other waits for the log. */

import { Nap } from "../core/nap.ts";
import type { Random } from "../core/random.ts";
import { jittered } from "../core/retry-delay.ts";
import { RelayBreaker } from "./relay-breaker.ts";
import { type RoundOutcome, type RoundPorts, roundTimeoutMs, runRound } from "./relay-round.ts";

export interface LanePorts {
  readonly round: RoundPorts;
  readonly random: Random;
  /** Called after records were appended. */
  readonly onPublished: () => void;
}

/** Each lane has its share of the partitions and one round at a time (docs/adr/0011). */
const LANES = 2;
/** Goes on alone, for all partitions, while the log is out of reach. */
const PROBING_LANE = 0;
/** Enough rows that one bad row does not keep the breaker open. */
const PROBE_ROWS = 20;
const MIN_ERROR_PAUSE_MS = 50;
const JITTER = 0.2;

export class RelayLanes {
  readonly #ports: LanePorts;
  readonly #breaker: RelayBreaker;
  readonly #hints: readonly Nap[];
  /** When the round under way of each lane began. */
  readonly #begunMs = new Map<number, number>();

  constructor(ports: LanePorts) {
    // The pulse of one lane must not hide that another hangs.
    this.#ports = { ...ports, round: { ...ports.round, progress: () => this.#progress(ports.round) } };
    this.#breaker = new RelayBreaker(ports.random);
    this.#hints = Array.from({ length: LANES }, () => new Nap(ports.round.clock));
  }

  /** True while a round is under way. */
  get busy(): boolean {
    return this.#begunMs.size > 0;
  }

  /** Says that rows may be due, or that the end has come. */
  wake(): void {
    for (const hint of this.#hints) hint.wake();
  }

  /** Runs until `stop` is aborted, or one lane throws, and the rounds under way have ended. */
  async run(stop: AbortSignal): Promise<void> {
    const failure = new AbortController();
    const end = AbortSignal.any([stop, failure.signal]);
    const loops = this.#hints.map((hint, lane) =>
      this.#loop(lane, hint, end).catch((error) => {
        failure.abort();
        this.wake();
        throw error;
      }),
    );
    for (const loop of await Promise.allSettled(loops)) if (loop.status === "rejected") throw loop.reason;
  }

  async #loop(lane: number, hint: Nap, stop: AbortSignal): Promise<void> {
    const { settings, leases, clock, progress } = this.#ports.round;
    while (!stop.aborted) {
      progress();
      const waitMs = this.#breaker.waitMs(clock.monotonicMs());
      const isProbe = this.#breaker.isOpen;
      if (waitMs > 0 || (isProbe && lane !== PROBING_LANE)) {
        await clock.sleep(Math.max(waitMs, MIN_ERROR_PAUSE_MS), stop);
        continue;
      }
      const usable = leases.usable();
      const partitions = isProbe ? usable : usable.filter((partition) => partition % LANES === lane);
      const limit = isProbe ? PROBE_ROWS : settings.outbox.batchSize;
      await this.#after(await this.#round(lane, partitions, limit), hint, stop);
    }
  }

  async #round(lane: number, partitions: readonly number[], limit: number): Promise<RoundOutcome> {
    const { round } = this.#ports;
    this.#begunMs.set(lane, round.clock.monotonicMs());
    try {
      return await runRound(round, { lane, partitions, limit });
    } finally {
      this.#begunMs.delete(lane);
    }
  }

  /** Only while no round hangs. */
  #progress({ settings, clock, progress }: RoundPorts): void {
    const hungSinceMs = clock.monotonicMs() - roundTimeoutMs(settings);
    if ([...this.#begunMs.values()].every((begunMs) => begunMs > hungSinceMs)) progress();
  }

  async #after(outcome: RoundOutcome, hint: Nap, stop: AbortSignal): Promise<void> {
    const { random, onPublished, round } = this.#ports;
    const { clock, log } = round;
    const pollMs = round.settings.outbox.pollIntervalMs;
    switch (outcome.kind) {
      case "idle":
        return hint.sleep(jittered(pollMs, JITTER, random));
      case "failed":
        return clock.sleep(Math.max(pollMs, MIN_ERROR_PAUSE_MS), stop);
      case "worked": {
        if (outcome.acked > 0) onPublished();
        if (outcome.sent === 0) return;
        const transition = this.#breaker.record(outcome.logDown, clock.monotonicMs());
        if (transition) log.warn({ to: transition }, "relay.breaker");
      }
    }
  }
}
