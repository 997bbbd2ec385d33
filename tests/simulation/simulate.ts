/** Runs one seed: a phase with faults, then a phase in which everything must come to rest, then the checks. */

import { CACHE_TTL_MS } from "./cache-probe.ts";
import { checkAll, describeBacklog, isDrained } from "./checks.ts";
import { Clients } from "./clients.ts";
import { Operator } from "./operator.ts";
import type { Mutation } from "./processes.ts";
import type { Situation } from "./situations.ts";
import { Stores } from "./stores.ts";
import { Tree } from "./tree.ts";
import { calmDown, type Exposed, startWeather } from "./weather.ts";
import { type Violation, World } from "./world.ts";

export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | null;
  readonly traceHash: string;
  readonly situations: ReadonlySet<Situation>;
  readonly steps: number;
  /** Simulated time from the last fault until nothing waited. */
  readonly drainedInMs: number;
}

/** I17: 60 s, the longest pause of a partition, and the longest wait of a row. */
const DRAIN_LIMIT_MS = 60_000 + 30_000 + 10_000;
const CHECK_EVERY_STEPS = 32;

export function simulate(
  seed: number,
  { mutation = {}, print = null }: { mutation?: Mutation; print?: ((line: string) => void) | null } = {},
): Outcome {
  const world = new World(seed, print);
  const drainedInMs = run(world, mutation);
  const { violation, traceHash, situations, scheduler } = world;
  return { seed, violation, traceHash, situations, steps: scheduler.steps, drainedInMs };
}

function run(world: World, mutation: Mutation): number {
  const { scheduler, climate } = world;
  const stores = new Stores(world);
  const tree = new Tree(world, stores, mutation);
  const operator = new Operator(world, stores);
  const exposed: Exposed = { world, stores, tree, operator };
  const clients = new Clients(world, stores, tree);
  const isBroken = () => world.violation !== null;
  tree.start();
  startWeather(exposed);
  scheduler.runUntil(climate.safetyMs, isBroken);
  calmDown(exposed);

  const isQuiet = () => clients.isDone && tree.isComplete && !operator.isBusy && isDrained(stores);
  const settle = (): number => {
    const fromMs = scheduler.nowMs;
    const isOver = () => isBroken() || (scheduler.steps % CHECK_EVERY_STEPS === 0 && isQuiet());
    const isInTime = scheduler.runUntil(fromMs + DRAIN_LIMIT_MS, isOver);
    if (!isInTime && !isQuiet()) world.violate("I17", `not at rest in time: ${describeBacklog(stores)}`);
    return scheduler.nowMs - fromMs;
  };
  heal(stores, ["stuck"]);
  const drainedInMs = settle();
  if (isBroken()) return drainedInMs;
  repair(exposed);
  settle();
  if (world.random.next() < 0.5) heal(stores, ["data", "unknown"]);
  // Two operators at once, and once more what was replayed already (I9).
  for (const statuses of [["pending"], ["pending"], ["pending", "replayed"]] as const)
    operator.replay(statuses);
  settle();
  checkAll(world, stores);
  scheduler.runUntil(scheduler.nowMs + CACHE_TTL_MS, isBroken);
  for (const { cache } of tree.of("http")) {
    for (let user = 0; user < climate.users; user++) cache?.checkQuiet(`u-${user}`);
  }
  const isStopped = tree.stopAll();
  if (!scheduler.runUntil(scheduler.nowMs + DRAIN_LIMIT_MS, () => isBroken() || isStopped())) {
    world.violate("I15", "the tree did not stop");
  }
  if (!isBroken()) checkAll(world, stores);
  return drainedInMs;
}

/** What an operator does about rows that died, and about a topic that lost records. */
function repair({ world, stores, operator }: Exposed): void {
  operator.requeue(stores.history.lostRecords ? ["dead", "published"] : ["dead"]);
  world.sometimes("a lost topic was repaired by a requeue", stores.history.lostRecords);
}

function heal({ history }: Stores, poisons: readonly string[]): void {
  for (const posted of history.posted.values()) {
    if (posted.poison !== null && poisons.includes(posted.poison)) posted.poison = null;
  }
}
