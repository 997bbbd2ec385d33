/**
 * Compares a loaded shadow with what serves, on a sample of the requests and after their answers: what the shadow would
 * have said instead, and how long it took. No answer waits for it or is changed by it.
 */

import type { Clock, Timer } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import type { Random } from "../core/random.ts";
import type { Policy, Ranked } from "./policy.ts";
import { RankedLists } from "./ranked-lists.ts";
import type { RecoRequest } from "./recommender.ts";
import { RequestReads } from "./request-reads.ts";
import type { ServingState } from "./serving-state.ts";
import { COMPARED_LENGTH, compareLists, ShadowSamples } from "./shadow-samples.ts";

export interface ShadowComparisonOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Share of the requests that are compared. */
  readonly sampleRate: number;
  /** True while requests need all there is: comparisons are the first work that is left out. */
  readonly isBusy: () => boolean;
  /** Hears of each comparison: the mean overlap so far, and the time that the shadow took. */
  readonly onCompared: (overlap: number, shadowMs: number) => void;
}

/** The answer is out by then. */
const AFTER_MS = 25;
const BUDGET_MS = 1_000;
/** A comparison is followed by a rest of this many times its own length: at most a twentieth of a worker's time. */
const REST_FACTOR = 19;

interface Pair {
  readonly primary: Policy;
  readonly shadow: Policy;
  readonly samples: ShadowSamples;
}

/**
 * The same state without the lists that are kept for users: what serves must neither be found there, which would take no
 * time, nor what the shadow says be left there.
 */
export const withoutKeptLists = (state: ServingState, clock: Clock): ServingState =>
  Object.create(state, { rankedLists: { value: new RankedLists(clock, 0) } }) as ServingState;

export class ShadowComparison implements Disposable {
  readonly #options: ShadowComparisonOptions;
  #pair: Pair | null = null;
  #timer: Timer | null = null;
  #isRunning = false;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #shadowFirst = false;

  constructor(options: ShadowComparisonOptions) {
    this.#options = options;
  }

  /** Null while no shadow is loaded. */
  get samples(): ShadowSamples | null {
    return this.#pair?.samples ?? null;
  }

  /** Policies over a state without kept lists; null ends it. What was found of the same two policies before stays. */
  begin(pair: { readonly primary: Policy; readonly shadow: Policy } | null): void {
    this.#timer?.cancel();
    this.#timer = null;
    const before = this.#pair?.samples;
    if (pair === null) this.#pair = null;
    else {
      const names = [pair.primary.label.name, pair.shadow.label.name] as const;
      this.#pair = { ...pair, samples: before?.isOf(...names) ? before : new ShadowSamples(...names) };
    }
  }

  /** What was found so far was about requests that nobody made. */
  forget(): void {
    const pair = this.#pair;
    this.begin(null);
    this.begin(pair);
  }

  /** A request that what serves answers. */
  offer(request: RecoRequest): void {
    const pair = this.#pair;
    const { clock, random, sampleRate, isBusy } = this.#options;
    if (pair === null || random.next() >= sampleRate) return;
    if (this.#timer !== null || this.#isRunning || clock.monotonicMs() < this.#restUntilMs || isBusy()) {
      pair.samples.shed++;
      return;
    }
    const run = () => {
      this.#timer = null;
      void this.#compare(pair, request);
    };
    this.#timer = clock.schedule(AFTER_MS, run, { unref: true });
  }

  [Symbol.dispose](): void {
    this.begin(null);
  }

  async #compare({ primary, shadow, samples }: Pair, request: RecoRequest): Promise<void> {
    const { clock, onCompared } = this.#options;
    const startedMs = clock.monotonicMs();
    this.#isRunning = true;
    try {
      // Whoever is asked second finds what the first one had to read.
      this.#shadowFirst = !this.#shadowFirst;
      const first = await this.#ask(this.#shadowFirst ? shadow : primary, request);
      const second = await this.#ask(this.#shadowFirst ? primary : shadow, request);
      const [served, other] = this.#shadowFirst ? [second, first] : [first, second];
      if (served.list === null || other.list === null) return;
      const compared = compareLists(served.list, other.list);
      samples.add({ ...compared, primaryMs: served.tookMs, shadowMs: other.tookMs });
      onCompared(samples.meanOverlap(), other.tookMs);
    } catch {
      samples.errors++;
    } finally {
      this.#isRunning = false;
      const nowMs = clock.monotonicMs();
      this.#restUntilMs = nowMs + REST_FACTOR * (nowMs - startedMs);
    }
  }

  async #ask(policy: Policy, request: RecoRequest): Promise<{ list: Ranked["list"] | null; tookMs: number }> {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const reads = new RequestReads(Deadline.after(BUDGET_MS, clock), () => {}); // Late here is late for nobody.
    const ranked = await policy.rank({ ...request, k: COMPARED_LENGTH, isStored: false }, reads, "slate");
    return { list: ranked?.list ?? null, tookMs: clock.monotonicMs() - startedMs };
  }
}
