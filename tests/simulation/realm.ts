/** One simulated process: it has a clock and randomness of its own, and may freeze or die at any wait. */

import type { Clock } from "../../src/core/clock.ts";
import { type Random, seededRandom } from "../../src/core/random.ts";
import type { Owner, Scheduler } from "./scheduler.ts";

/** Wall time at the start of each simulation. */
export const START_MS = 1_767_225_600_000;

export class Realm implements Owner {
  /** `relay-0.3`: the third incarnation of relay-0. */
  readonly name: string;
  readonly incarnation: number;
  readonly clock: Clock;
  readonly random: Random;
  dead = false;
  frozenUntilMs = 0;
  /** How far this process's wall clock is off. */
  wallSkewMs = 0;

  constructor(name: string, incarnation: number, scheduler: Scheduler, random: Random) {
    this.name = `${name}.${incarnation}`;
    this.incarnation = incarnation;
    this.random = seededRandom(Math.floor(random.next() * 2 ** 32));
    this.clock = this.#createClock(scheduler, Math.floor(random.next() * 1e6));
  }

  #createClock(scheduler: Scheduler, originMs: number): Clock {
    const schedule: Clock["schedule"] = (delayMs, callback) => scheduler.after(delayMs, callback, this);
    return {
      nowMs: () => Math.trunc(START_MS + scheduler.nowMs + this.wallSkewMs),
      monotonicMs: () => originMs + scheduler.nowMs,
      schedule,
      sleep(delayMs, signal) {
        if (signal?.aborted) return Promise.resolve();
        return new Promise((resolve) => {
          const finish = () => {
            timer.cancel();
            signal?.removeEventListener("abort", finish);
            resolve();
          };
          const timer = schedule(delayMs, finish);
          signal?.addEventListener("abort", finish, { once: true });
        });
      },
    };
  }
}
