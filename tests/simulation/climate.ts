/** How bad the world of one seed is: which faults there are, and how often. */

import type { Random } from "../../src/core/random.ts";

export type WeatherKind =
  | "crash"
  | "freeze"
  | "restart"
  | "clock_jump"
  | "store_down"
  | "log_down"
  | "letters_down"
  | "rebalance"
  | "topic_recreated"
  | "topic_lost"
  | "commits_lost"
  | "retention"
  | "requeue"
  | "replay";

export interface Climate {
  /** Probabilities of each call of a port. */
  readonly crashBefore: number;
  readonly crashAfter: number;
  readonly errorBefore: number;
  readonly ackLost: number;
  readonly slow: number;
  /** The caller's process stands still while the call is under way. */
  readonly freeze: number;
  /** Of each chunk: a lock that another transaction holds for too long. */
  readonly contention: number;
  /** Of each produce. */
  readonly partial: number;
  readonly twice: number;
  /** Of each hint between actors. */
  readonly hintLost: number;
  /** Of each posted event. */
  readonly poison: number;
  readonly foreign: number;
  readonly weather: readonly WeatherKind[];
  /** Mean time between two changes of the weather. */
  readonly weatherEveryMs: number;
  readonly events: number;
  readonly users: number;
  readonly safetyMs: number;
}

const WEATHER: readonly WeatherKind[] = [
  ...(["crash", "freeze", "restart", "clock_jump", "store_down", "log_down", "letters_down"] as const),
  ...([
    "rebalance",
    "topic_recreated",
    "topic_lost",
    "commits_lost",
    "retention",
    "requeue",
    "replay",
  ] as const),
];

/**
 * Each kind of fault is absent from about half of the seeds: what hides behind a frequent fault is found where that
 * one is missing.
 */
export function climateOf(random: Random): Climate {
  const maybe = (share: number, max: number) => (random.next() < share ? random.next() ** 2 * max : 0);
  return {
    crashBefore: maybe(0.5, 0.02),
    crashAfter: maybe(0.5, 0.02),
    errorBefore: maybe(0.5, 0.15),
    ackLost: maybe(0.5, 0.15),
    slow: maybe(0.5, 0.1),
    freeze: maybe(0.5, 0.02),
    contention: maybe(0.4, 0.7),
    partial: maybe(0.5, 0.4),
    twice: maybe(0.3, 0.2),
    hintLost: maybe(0.5, 0.9),
    poison: maybe(0.6, 0.2),
    foreign: maybe(0.5, 0.2),
    weather: WEATHER.filter(() => random.next() < 0.45),
    weatherEveryMs: 800 + random.next() * 5_000,
    events: 30 + Math.floor(random.next() * 50),
    users: 1 + Math.floor(random.next() * 4),
    safetyMs: 20_000 + random.next() * 25_000,
  };
}
