/** What happens to child processes when signals, or the death of their supervisor, come from outside. */

import { afterEach, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { aChild, aPair } from "../support/child-specs.ts";
import { eventually } from "../support/eventually.ts";
import { assertGone, endAll, IMPATIENT, isAlive, startTree } from "./trees.ts";

const programs: ChildProcess[] = [];

afterEach(async () => {
  await endAll();
  for (const program of programs.splice(0)) program.kill("SIGKILL");
});

describe("a child process", () => {
  test("that was stopped from outside is killed and restarted", async () => {
    const tree = await startTree([aChild("frozen", "process")], {}, IMPATIENT);
    const { pid } = tree.child("frozen");
    process.kill(pid, "SIGSTOP");
    await tree.running("frozen", 2);
    await eventually(() => assertGone(pid));
    expect(tree.child("frozen").lastExit).toBe("unresponsive: 20 heartbeats missed");
  });

  test("that was killed from outside is restarted alone", async () => {
    const tree = await startTree(aPair("process"));
    process.kill(tree.child("target").pid, "SIGKILL");
    await tree.running("target", 2);
    expect(tree.child("target").lastExit).toBe("killed by signal SIGKILL");
    expect(tree.child("driver").incarnation).toBe(1);
  });

  test.each(["SIGINT", "SIGTERM"] as const)("leaves %s to its supervisor", async (signal) => {
    const tree = await startTree(aPair("process"));
    process.kill(tree.child("target").pid, signal);
    expect(await tree.ask("target", { do: "echo", value: 1 })).toEqual({ answer: 1 });
    expect(tree.child("target").incarnation).toBe(1);
  });
});

const PROGRAM = fileURLToPath(new URL("../fixtures/programs/whole-tree.ts", import.meta.url));

/** A supervisor in a process of its own, and the pids of its ready children. */
async function startProgram(...flags: string[]): Promise<{ program: ChildProcess; pids: number[] }> {
  const program = spawn(process.execPath, [PROGRAM, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  programs.push(program);
  if (!program.stdout) throw new Error("no stdout");
  const [line] = (await once(createInterface(program.stdout), "line")) as [string];
  return { program, pids: JSON.parse(line) as number[] };
}

describe("a supervisor's process", () => {
  test.each([
    ["whose children end in order", []],
    ["with a child that hangs", ["--hang"]],
  ])("that is killed leaves no child behind: %s", async (_what, flags: string[]) => {
    const { program, pids } = await startProgram(...flags);
    expect(pids.map(isAlive)).toEqual([true, true]);
    program.kill("SIGKILL");
    await eventually(() => expect(pids.map(isAlive)).toEqual([false, false]), { timeoutMs: 4_000 });
  });

  test("stops its children in order on the first signal", async () => {
    const { program, pids } = await startProgram();
    program.kill("SIGTERM");
    const [code] = await once(program, "exit");
    expect({ code, alive: pids.filter(isAlive) }).toEqual({ code: 0, alive: [] });
  });

  test("kills everything on the second signal", async () => {
    const { program, pids } = await startProgram("--hang");
    program.kill("SIGTERM");
    await eventually(() => assertGone(pids[1] ?? 0));
    program.kill("SIGTERM");
    const [code] = await once(program, "exit");
    expect({ code, alive: pids.filter(isAlive) }).toEqual({ code: 2, alive: [] });
  });
});
