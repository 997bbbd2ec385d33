/** Small trees for the runtime's tests, and the check that nothing of them is left. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/core/clock.ts";
import { seededRandom } from "../../src/core/random.ts";
import type { ChildSpec, ChildStatus, SupervisorSpec } from "../../src/supervisor/actor.ts";
import { Supervisor } from "../../src/supervisor/supervisor.ts";
import type { Cue } from "../fixtures/programs/actors.ts";
import { eventually } from "../support/eventually.ts";

const ENTRY = fileURLToPath(new URL("../fixtures/programs/realm.ts", import.meta.url));
export const REALM = {
  threadEntry: ENTRY,
  processCommand: [process.execPath, ENTRY],
  modules: { actor: () => import("../fixtures/programs/actors.ts") },
};

export interface LogLine {
  readonly event: string;
  readonly fields: { readonly actor?: string };
}

/** A running tree and what it did. */
export interface Tree {
  readonly supervisor: Supervisor;
  readonly lines: readonly LogLine[];
  readonly pids: ReadonlySet<number>;
  /** Lets the actor `to` act on `cue` and answers what came of it. */
  cue(to: string, cue: Cue): Promise<unknown>;
  /** As if the peer `to` had been asked by the actor `driver`. */
  ask(to: string, cue: Cue, timeoutMs?: number): Promise<AskOutcome>;
  child(id: string): ChildStatus;
  /** Resolves when that incarnation of the child, or a later one, runs. */
  running(id: string, incarnation: number): Promise<void>;
}

export interface AskOutcome {
  readonly answer?: unknown;
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly waitedMs?: number;
}

/** Lets a loaded machine be slow; `IMPATIENT` is for tests in which a child stops responding. */
const PATIENT = { everyMs: 40, limit: 200 };
export const IMPATIENT = { everyMs: 40, limit: 20 };

const trees: Tree[] = [];

/** A tree that is not started; `endAll` ends it. */
export function createTree(
  children: readonly ChildSpec[],
  overrides: Partial<SupervisorSpec> = {},
  heartbeat = PATIENT,
): Tree {
  const lines: LogLine[] = [];
  const pids = new Set<number>();
  const write = (fields: object, event: string) => {
    lines.push({ event, fields: { ...fields } });
  };
  const supervisor = new Supervisor({
    spec: { intensity: 5, periodMs: 60_000, shutdownMs: 10_000, children, ...overrides },
    realm: REALM,
    clock: systemClock,
    random: seededRandom(7),
    log: { info: write, warn: write, error: write },
    heartbeat,
    onStatus: (status) => {
      for (const { pid } of status) if (pid !== process.pid) pids.add(pid);
    },
  });
  const tree = describe(supervisor, lines, pids);
  trees.push(tree);
  return tree;
}

/** A tree whose children are all ready. */
export async function startTree(
  children: readonly ChildSpec[],
  overrides: Partial<SupervisorSpec> = {},
  heartbeat = PATIENT,
): Promise<Tree> {
  const tree = createTree(children, overrides, heartbeat);
  await tree.supervisor.start();
  return tree;
}

function describe(supervisor: Supervisor, lines: LogLine[], pids: ReadonlySet<number>): Tree {
  const child = (id: string) => {
    const found = supervisor.status().find((status) => status.id === id);
    if (!found) throw new Error(`no child ${id}`);
    return found;
  };
  const cue = async (to: string, what: Cue) => {
    const answers = await supervisor.survey(JSON.stringify({ to, cue: what }), 8_000);
    return answers.find(({ id }) => id === to)?.answer;
  };
  return {
    supervisor,
    lines,
    pids,
    cue,
    child,
    ask: async (to, what, timeoutMs = 3_000) =>
      (await cue("driver", { do: "ask", to, cue: what, timeoutMs })) as AskOutcome,
    running: (id, incarnation) =>
      eventually(() => {
        const { state, incarnation: now } = child(id);
        if (state !== "running" || now < incarnation) throw new Error(`${id}#${now} is ${state}`);
      }),
  };
}

/** Kills every tree of the test and throws if a child process outlives its tree. */
export async function endAll(): Promise<void> {
  for (const tree of trees.splice(0)) {
    tree.supervisor.kill();
    await tree.supervisor.exited;
    for (const pid of tree.pids) await eventually(() => assertGone(pid));
  }
}

export function assertGone(pid: number): void {
  if (isAlive(pid)) throw new Error(`process ${pid} is still there`);
}

/** False also for a process that has ended and only waits to be collected. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false; // ESRCH: there is no such process.
  }
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return process.platform !== "linux"; // It ended meanwhile; elsewhere there is no /proc to ask.
  }
}
