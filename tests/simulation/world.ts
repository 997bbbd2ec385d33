/** What all parts of a simulation share: time, faults, what was seen, and what was broken. */

import { type Random, seededRandom } from "../../src/core/random.ts";
import { type Climate, climateOf } from "./climate.ts";
import { type Realm, START_MS } from "./realm.ts";
import { Scheduler } from "./scheduler.ts";
import type { Situation } from "./situations.ts";

export type Service = "store" | "letters" | "log";
/** `refuses` answers at once, `hangs` not before the caller's deadline. */
export type Outage = "refuses" | "hangs" | null;

export interface Violation {
  /** Of spec chapter 04, section 9. */
  readonly invariant: string;
  readonly text: string;
}

export class World {
  readonly seed: number;
  readonly random: Random;
  readonly climate: Climate;
  readonly scheduler: Scheduler;
  readonly outages: Record<Service, Outage> = { store: null, letters: null, log: null };
  /** Requests that reached a service which stands still. */
  readonly #heldBack: Record<Service, (() => void)[]> = { store: [], letters: [], log: [] };
  readonly situations = new Set<Situation>();
  violation: Violation | null = null;
  /** Faults stop: the phase in which everything must come to an end. */
  calm = false;
  /** Ends a process at once; set by who runs them. */
  crash: (realm: Realm) => void = () => {};
  readonly #print: ((line: string) => void) | null;
  #hash = 0x811c9dc5;

  constructor(seed: number, print: ((line: string) => void) | null = null) {
    this.seed = seed;
    this.random = seededRandom(seed);
    this.climate = climateOf(this.random);
    this.scheduler = new Scheduler(this.random);
    this.#print = print;
  }

  /** The store's and the log's own wall time, which never jumps. */
  nowMs(): number {
    return START_MS + this.scheduler.nowMs;
  }

  /** True with this probability, and never in calm weather. */
  chance(probability: number): boolean {
    return !this.calm && probability > 0 && this.random.next() < probability;
  }

  holdBack(service: Service, request: () => void): void {
    this.#heldBack[service].push(request);
  }

  endOutage(service: Service): void {
    this.outages[service] = null;
    for (const request of this.#heldBack[service].splice(0)) request();
  }

  /** Longer than a lease now and then. */
  freeze(realm: Realm): void {
    const forMs = 300 + this.random.next() * 6_000;
    realm.frozenUntilMs = this.scheduler.nowMs + forMs;
    this.scheduler.after(forMs + 1, () =>
      this.sometimes("a process froze and went on", !realm.dead && !this.calm),
    );
  }

  /** A whole number from 0 to `below` - 1. */
  below(below: number): number {
    return Math.floor(this.random.next() * below);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  /** Every event of the run goes through here: equal seeds must give equal hashes (I22). */
  trace(text: string): void {
    const line = `${this.scheduler.nowMs.toFixed(2)} ${text}`;
    let hash = this.#hash;
    for (let at = 0; at < line.length; at++) hash = Math.imul(hash ^ line.charCodeAt(at), 0x01000193);
    this.#hash = hash;
    this.#print?.(line);
  }

  get traceHash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** Notes that something happened which the seeds together must have met. */
  sometimes(situation: Situation, isTrue = true): void {
    if (isTrue) this.situations.add(situation);
  }

  /** Notes the first broken promise; the run ends there. */
  violate(invariant: string, text: string): void {
    if (this.violation) return;
    this.violation = { invariant, text };
    this.trace(`VIOLATION ${invariant}: ${text}`);
  }
}
