/** What changes, and what does not, when a mailbox lets several messages of a sender be handled at once. */

import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Load, TestArgs } from "../fixtures/programs/actors.ts";
import { aPair } from "../support/child-specs.ts";
import { eventually } from "../support/eventually.ts";
import { endAll, startTree, type Tree } from "./trees.ts";

afterEach(endAll);

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

const aTarget = (args: TestArgs, concurrency: number, capacity = 6) => ({
  start: { module: "actor", args },
  mailbox: { capacity, overflow: "sync" as const, concurrency },
});

async function loadOf(tree: Tree): Promise<Load> {
  const answers = await tree.supervisor.survey("load", 2_000);
  return answers.find(({ id }) => id === "target")?.answer as Load;
}

describe.each(["inline", "thread", "process"] as const)("concurrent messages in a realm: %s", (isolation) => {
  test("begin in the order they were sent, at most so many at once, and may overtake each other", async () => {
    const tree = await startTree(aPair(isolation, aTarget({ handleMs: 20, uneven: true }, 3)));
    const told = await tree.cue("driver", { do: "tell", to: "target", count: 20 });
    expect(told).toEqual({ results: upTo(20).map(() => "sent"), lowest: 0, highest: 6 });
    await eventually(async () => expect(await loadOf(tree)).toMatchObject({ now: 0, begun: upTo(20) }));
    expect((await loadOf(tree)).peak).toBe(3);
    const { answer } = await tree.ask("target", { do: "remembered" });
    expect(answer).not.toEqual(upTo(20));
    expect((answer as number[]).toSorted((a, b) => a - b)).toEqual(upTo(20));
  });

  test("leave the sender with all its credits once they are handled", async () => {
    const tree = await startTree(aPair(isolation, aTarget({ handleMs: 5, uneven: true }, 6)));
    await tree.cue("driver", { do: "tell", to: "target", count: 13 });
    await eventually(async () => expect((await loadOf(tree)).begun).toHaveLength(13));
    await eventually(async () => {
      expect(await tree.cue("driver", { do: "tell", to: "target", count: 1 })).toMatchObject({ highest: 6 });
    });
  });

  test("a throw ends the actor though others are in hand, and its successor starts with all credits", async () => {
    const tree = await startTree(aPair(isolation, aTarget({ handleMs: 60_000 }, 6)));
    await tree.cue("driver", { do: "tell", to: "target", count: 3 });
    expect(await tree.ask("target", { do: "throw" })).toMatchObject({ name: "RangeError" });
    await tree.running("target", 2);
    expect(tree.child("target")).toMatchObject({ lastExit: "RangeError: thrown on cue", restarts: 1 });
    const told = await tree.cue("driver", { do: "tell", to: "target", count: 1 });
    expect(told).toEqual({ results: ["sent"], lowest: 5, highest: 6 });
  });

  test("are all handled before the actor stops", async () => {
    const folder = mkdtempSync(join(tmpdir(), "runtime-"));
    const memoryFile = join(folder, "memory.json");
    const target = aTarget({ handleMs: 30, uneven: true, memoryFile }, 4, 40);
    const tree = await startTree(aPair(isolation, target));
    await tree.cue("driver", { do: "tell", to: "target", count: 40 });
    tree.supervisor.stop("test");
    expect(await tree.supervisor.exited).toEqual({ code: 0, reasons: ["test"] });
    const remembered = JSON.parse(readFileSync(memoryFile, "utf8")) as number[];
    expect(remembered.toSorted((a, b) => a - b)).toEqual(upTo(40));
    rmSync(folder, { recursive: true });
  });
});
