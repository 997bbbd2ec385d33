/** Which faults a soak run strikes with, and when: decided by the seed before anything starts. */

import type { Random } from "../../core/random.ts";

/** What is struck: an actor of a tree, a tree as a whole, the server of the store, or one of its connections. */
export const TARGETS = [
  "main/relay",
  "main/consumer-0",
  "main/consumer-1",
  "main/monitor",
  "main/store",
  "second/relay",
  "second/consumer-0",
  "postgres",
  "backend",
  "main",
  "second",
] as const;
export type Target = (typeof TARGETS)[number];

/** `kill` is SIGKILL; `freeze` stops and continues; `terminate` asks for an ordered end. */
export type Verb = "kill" | "freeze" | "terminate";

export interface Fault {
  /** Not before this time of the run. */
  readonly atMs: number;
  readonly verb: Verb;
  readonly target: Target;
  /** Of a freeze. */
  readonly forMs: number;
}

interface Choice {
  readonly verbs: readonly Verb[];
  readonly weight: number;
  /** Of a freeze: from below what anybody notices to beyond what a heartbeat or a lease allows. */
  readonly freezeMs: readonly [least: number, most: number];
  /** Targets of one group end and start together. */
  readonly group: string;
}

const actor = (group: string): Choice => ({
  verbs: ["kill", "freeze"],
  weight: 4,
  freezeMs: [500, 14_000],
  group,
});

const CHOICES: Readonly<Record<Target, Choice>> = {
  "main/relay": actor("main/relay"),
  "main/consumer-0": actor("main/consumer-0"),
  "main/consumer-1": actor("main/consumer-1"),
  "main/monitor": { ...actor("main/monitor"), weight: 1 },
  "main/store": { ...actor("store"), weight: 2, freezeMs: [500, 4_000] },
  "second/relay": actor("second/relay"),
  "second/consumer-0": actor("second/consumer-0"),
  postgres: { verbs: ["kill", "freeze", "terminate"], weight: 3, freezeMs: [500, 6_000], group: "store" },
  backend: { verbs: ["terminate"], weight: 4, freezeMs: [0, 0], group: "backend" },
  main: { verbs: ["kill", "freeze", "terminate"], weight: 3, freezeMs: [500, 3_000], group: "main" },
  second: { verbs: ["kill", "freeze", "terminate"], weight: 2, freezeMs: [500, 6_000], group: "second" },
};

const FIRST_MS = 2_000;
const GAP_MS = [1_500, 5_000] as const;
/** A child that is struck more often within the window of its supervisor ends the tree, as it should. */
const WINDOW_MS = 60_000;
const MOST_IN_WINDOW = 3;

/** In order of time. The last one leaves the tree a moment of load to recover in. */
export function planFaults(random: Random, durationMs: number): readonly Fault[] {
  const faults: Fault[] = [];
  for (let atMs = FIRST_MS; atMs < durationMs - GAP_MS[0]; atMs += Math.round(between(random, GAP_MS))) {
    const target = pick(random, TARGETS, (name) => weightAt(faults, name, atMs));
    if (target === null) continue;
    const { verbs, freezeMs } = CHOICES[target];
    const verb = pick(random, verbs, () => 1) ?? "kill";
    const forMs = verb === "freeze" ? Math.round(between(random, freezeMs)) : 0;
    faults.push({ atMs, verb, target, forMs });
  }
  return faults;
}

function weightAt(faults: readonly Fault[], target: Target, atMs: number): number {
  const { group, weight } = CHOICES[target];
  const recent = faults.filter(
    (past) => CHOICES[past.target].group === group && past.atMs > atMs - WINDOW_MS,
  );
  return group !== "backend" && recent.length >= MOST_IN_WINDOW ? 0 : weight;
}

const between = (random: Random, [least, most]: readonly [number, number]) =>
  least + random.next() * (most - least);

/** By weight; null when nothing has any. */
function pick<T>(random: Random, choices: readonly T[], weightOf: (choice: T) => number): T | null {
  const total = choices.reduce((sum, choice) => sum + weightOf(choice), 0);
  let left = random.next() * total;
  for (const choice of choices) {
    left -= weightOf(choice);
    if (left < 0) return choice;
  }
  return null;
}
