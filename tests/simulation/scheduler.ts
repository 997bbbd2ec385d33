/** Simulated time: everything that waits stands in one queue, which is walked in an order that the seed decides. */

import { drainMicrotasks } from "bun:jsc";
import type { Timer } from "../../src/core/clock.ts";
import type { Random } from "../../src/core/random.ts";

/** Whose code an entry runs: a dead owner runs nothing more, a frozen one later. */
export interface Owner {
  readonly dead: boolean;
  readonly frozenUntilMs: number;
}

interface Entry {
  atMs: number;
  /** Decides between entries of the same instant. */
  tie: number;
  run: (() => void) | null;
  readonly owner: Owner | null;
}

/**
 * A simulation is one synchronous call: after each entry all promises that can settle do, and nothing else runs.
 * Code that waits for a real timer, a socket or a file would never go on, and is found out by that.
 */
export class Scheduler {
  nowMs = 0;
  steps = 0;
  readonly #random: Random;
  readonly #heap: Entry[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** Runs `run` once after `delayMs`, as code of `owner`. */
  after(delayMs: number, run: () => void, owner: Owner | null = null): Timer {
    const entry: Entry = { atMs: this.nowMs + Math.max(0, delayMs), tie: this.#random.next(), run, owner };
    this.#push(entry);
    return {
      cancel: () => {
        entry.run = null;
      },
    };
  }

  /** Walks the queue until `isDone` or until simulated time has come to `untilMs`; false when time was up first. */
  runUntil(untilMs: number, isDone: () => boolean): boolean {
    drainMicrotasks();
    while (!isDone()) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) {
        this.nowMs = untilMs;
        return false;
      }
      this.#pop();
      this.#run(next);
    }
    return true;
  }

  #run(entry: Entry): void {
    const { owner, run } = entry;
    if (run === null || owner?.dead) return;
    this.nowMs = Math.max(this.nowMs, entry.atMs);
    if (owner && owner.frozenUntilMs > this.nowMs) {
      entry.atMs = owner.frozenUntilMs;
      this.#push(entry);
      return;
    }
    entry.run = null;
    this.steps++;
    run();
    drainMicrotasks();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(entry, heap[above] as Entry)) break;
      heap[at] = heap[above] as Entry;
      at = above;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let at = 0;
    while (true) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      const right = heap[below + 1];
      if (right && isBefore(right, heap[below] as Entry)) below++;
      if (!isBefore(heap[below] as Entry, last)) break;
      heap[at] = heap[below] as Entry;
      at = below;
    }
    heap[at] = last;
  }
}

const isBefore = (a: Entry, b: Entry) => a.atMs < b.atMs || (a.atMs === b.atMs && a.tie < b.tie);
