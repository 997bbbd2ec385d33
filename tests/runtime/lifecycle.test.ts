/** What the supervisor promises about a child's life, on every kind of realm. */

import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cue } from "../fixtures/programs/actors.ts";
import { aChild, aPair } from "../support/child-specs.ts";
import { eventually } from "../support/eventually.ts";
import { createTree, endAll, IMPATIENT, startTree } from "./trees.ts";

afterEach(endAll);

const args = (given: object) => ({ start: { module: "actor", args: given } });

describe.each(["inline", "thread", "process"] as const)(
  "a child that is an actor in a realm: %s",
  (isolation) => {
    test("is ready before the next one is spawned", async () => {
      const tree = await startTree([
        aChild("one", isolation),
        aChild("two", isolation),
        aChild("three", isolation),
      ]);
      const ready = tree.lines
        .filter(({ event }) => event === "actor.ready")
        .map(({ fields }) => fields.actor);
      expect(ready).toEqual(["one", "two", "three"]);
    });

    test("is restarted after a throw in receive, and the asker learns what was thrown", async () => {
      const tree = await startTree(aPair(isolation));
      const outcome = await tree.ask("target", { do: "throw" });
      expect(outcome).toMatchObject({ name: "RangeError", message: "thrown on cue", code: "E_CUE" });
      await tree.running("target", 2);
      expect(tree.child("target").lastExit).toBe("RangeError: thrown on cue");
      expect(tree.child("driver").incarnation).toBe(1);
    });

    test("is killed and restarted when work waits and none gets done", async () => {
      const tree = await startTree([aChild("stuck", isolation, args({ stuck: true }))], {}, IMPATIENT);
      await tree.running("stuck", 2);
      expect(tree.child("stuck").lastExit).toMatch(/^unresponsive: work waits/);
    });

    test("F32: is killed and restarted when its work hangs though it still takes messages", async () => {
      const tree = await startTree(aPair(isolation, args({ stuck: true })), {}, IMPATIENT);
      await eventually(
        async () => {
          await tree.ask("target", { do: "echo", value: "a hint" });
          expect(tree.child("target").incarnation).toBeGreaterThan(1);
        },
        { timeoutMs: 20_000 },
      );
      expect(tree.child("target").lastExit).toMatch(/^unresponsive: work waits/);
    });

    test("is killed and restarted when a handler never returns", async () => {
      const tree = await startTree(aPair(isolation), {}, IMPATIENT);
      expect(await tree.ask("target", { do: "hang" })).toMatchObject({ name: "PeerDownError" });
      await tree.running("target", 2);
    });

    test("that failed to start is tried again until it starts", async () => {
      const tree = await startTree([aChild("late", isolation, args({ start: "throw_twice" }))]);
      expect(tree.child("late")).toMatchObject({ state: "running", incarnation: 3, restarts: 2 });
    });

    test("that never gets ready ends the tree with code 70 in bounded time", async () => {
      const never = { ...args({ start: "never" }), startTimeoutMs: isolation === "inline" ? 30 : 300 };
      const tree = createTree([aChild("fine", isolation), aChild("never", isolation, never)], {
        intensity: 2,
      });
      const started = tree.supervisor.start().catch((error: Error) => error.name);
      const { code, reasons } = await tree.supervisor.exited;
      expect({ code, started: await started }).toEqual({ code: 70, started: "TreeEndedError" });
      expect(reasons).toHaveLength(1);
      expect(tree.child("never")).toMatchObject({ state: "failed", incarnation: 3 });
      expect(tree.child("fine")).toMatchObject({ state: "stopped", lastExit: "normal" });
    });

    test("with a failure that no restart mends ends the tree with its own code", async () => {
      const tree = createTree([
        aChild("fine", isolation),
        aChild("fatal", isolation, args({ start: "fatal" })),
      ]);
      await expect(tree.supervisor.start()).rejects.toThrow("nothing mends this");
      expect((await tree.supervisor.exited).code).toBe(78);
      expect(tree.child("fatal")).toMatchObject({ state: "failed", incarnation: 1 });
    });

    test("that is permanent is restarted after a normal end", async () => {
      const tree = await startTree(aPair(isolation));
      await tree.ask("target", { do: "done" });
      await tree.running("target", 2);
      expect(tree.child("target").lastExit).toBe("normal");
    });

    test("that is transient is restarted after a failure, but not after a normal end", async () => {
      const tree = await startTree(aPair(isolation, { restart: "transient" }));
      await tree.ask("target", { do: "throw" });
      await tree.running("target", 2);
      await tree.ask("target", { do: "done" });
      await eventually(() =>
        expect(tree.child("target")).toMatchObject({ state: "stopped", incarnation: 2 }),
      );
    });

    test("that is done while it starts lets the next one start", async () => {
      const first = aChild("first", isolation, { ...args({ start: "done" }), restart: "transient" });
      const tree = await startTree([first, aChild("second", isolation)]);
      await eventually(() =>
        expect(tree.child("first")).toMatchObject({ state: "stopped", lastExit: "normal" }),
      );
    });

    test("that is temporary is never restarted", async () => {
      const tree = await startTree(aPair(isolation, { restart: "temporary" }));
      await tree.ask("target", { do: "throw" });
      await eventually(() => expect(tree.child("target")).toMatchObject({ state: "failed", incarnation: 1 }));
    });

    test("handles what was sent before the stop, then stops cleanly with the tree", async () => {
      const folder = mkdtempSync(join(tmpdir(), "runtime-"));
      const memoryFile = join(folder, "memory.json");
      const target = {
        ...args({ memoryFile, handleMs: 1 }),
        mailbox: { capacity: 100, overflow: "sync" as const },
      };
      const tree = await startTree(aPair(isolation, target));
      await tree.cue("driver", { do: "tell", to: "target", count: 100 });
      tree.supervisor.stop("test");
      expect(await tree.supervisor.exited).toEqual({ code: 0, reasons: ["test"] });
      expect(JSON.parse(readFileSync(memoryFile, "utf8"))).toEqual(Array.from({ length: 100 }, (_, n) => n));
      rmSync(folder, { recursive: true });
    });

    test("that does not stop in time is killed, and the stop goes on", async () => {
      const hanging = aChild("hanging", isolation, { ...args({ stop: "hang" }), shutdownMs: 50 });
      const tree = await startTree([aChild("first", isolation), hanging]);
      tree.supervisor.stop("test");
      expect(await tree.supervisor.exited).toEqual({
        code: 0,
        reasons: ["test", "hanging did not stop in time"],
      });
      expect(tree.child("first").lastExit).toBe("normal");
      expect(tree.child("hanging").lastExit).toBe("did not stop in time");
    });

    test("that fails while it stops does not stop the stop", async () => {
      const tree = await startTree([
        aChild("first", isolation),
        aChild("sick", isolation, args({ stop: "throw" })),
      ]);
      tree.supervisor.stop("test");
      expect((await tree.supervisor.exited).code).toBe(0);
      expect(tree.child("sick").lastExit).toBe("Error: refused to stop");
    });

    test("that outlasts the total time is killed with the tree: code 2", async () => {
      const tree = await startTree([aChild("hanging", isolation, args({ stop: "hang" }))], {
        shutdownMs: 60,
      });
      tree.supervisor.stop("test");
      expect((await tree.supervisor.exited).code).toBe(2);
    });

    test("is killed at once on request: code 2", async () => {
      const tree = await startTree([aChild("hanging", isolation, args({ stop: "hang" }))]);
      tree.supervisor.stop("test");
      tree.supervisor.kill();
      expect((await tree.supervisor.exited).code).toBe(2);
    });

    test("can be stopped while it starts", async () => {
      const starting = aChild("starting", isolation, {
        ...args({ start: "never" }),
        startTimeoutMs: 600,
        shutdownMs: 50,
      });
      const tree = createTree([aChild("first", isolation), starting]);
      const started = tree.supervisor.start().catch((error: Error) => error.name);
      await eventually(() => expect(tree.child("starting").state).toBe("starting"));
      tree.supervisor.stop("test");
      expect({ end: (await tree.supervisor.exited).code, started: await started }).toEqual({
        end: 0,
        started: "TreeEndedError",
      });
    });

    test("answers surveys, and is left out when it is late", async () => {
      const tree = await startTree(aPair(isolation));
      const question = JSON.stringify({ to: "driver", cue: { do: "answer_late", delayMs: 1_500 } });
      expect(await tree.supervisor.survey("who", 2_000)).toEqual([
        { id: "target", answer: { question: "who", incarnation: 1 } },
        { id: "driver", answer: { question: "who", incarnation: 1 } },
      ]);
      expect(await tree.supervisor.survey(question, 500)).toEqual([{ id: "target", answer: null }]);
    });

    test("can survey and see the whole tree itself", async () => {
      const tree = await startTree(aPair(isolation));
      const surveyed = await tree.cue("driver", { do: "survey", question: "who" });
      expect(surveyed).toMatchObject([{ id: "target" }, { id: "driver" }]);
      expect(await tree.cue("driver", { do: "tree" })).toMatchObject([
        { id: "target", state: "running", isolation, incarnation: 1, restarts: 0 },
        { id: "driver", state: "running", isolation, incarnation: 1, restarts: 0 },
      ]);
    });
  },
);

describe.each(["thread", "process"] as const)("a realm of its own: %s", (isolation) => {
  const cues: [string, Cue, RegExp][] = [
    ["a rejection nobody awaits", { do: "reject" }, /^Error: rejected on cue$/],
    ["a throw in a timer", { do: "throw_in_timer" }, /^Error: thrown in a timer$/],
    ["an exit without a last frame", { do: "exit", code: 0 }, /^exit code 0 without a last frame$/],
  ];
  test.each(cues)("ends alone and is restarted after %s", async (_what, cue, lastExit) => {
    const tree = await startTree(aPair(isolation));
    await tree.ask("target", cue);
    await tree.running("target", 2);
    expect(tree.child("target").lastExit).toMatch(lastExit);
    expect(await tree.ask("target", { do: "echo", value: 1 })).toEqual({ answer: 1 });
    expect(tree.child("driver").incarnation).toBe(1);
  });

  test("ends alone and is restarted after a busy loop", async () => {
    const tree = await startTree(aPair(isolation), {}, IMPATIENT);
    await tree.ask("target", { do: "spin" });
    await tree.running("target", 2);
    expect(tree.child("target").lastExit).toBe("unresponsive: 20 heartbeats missed");
  });

  test("comes back from many failures in a row, and so do its lanes", async () => {
    const tree = await startTree(aPair(isolation), { intensity: 100, periodMs: 10_000_000 });
    for (let incarnation = 2; incarnation <= 20; incarnation++) {
      await tree.ask("target", { do: "throw" });
      await tree.running("target", incarnation);
    }
    expect(await tree.ask("target", { do: "echo", value: 1 })).toEqual({ answer: 1 });
    expect(tree.child("driver").incarnation).toBe(1);
  });

  test("leaves no port behind", async () => {
    const tree = await startTree([aChild("server", isolation, args({ listen: true, stop: "hang" }))]);
    const port = (await tree.supervisor.survey("port", 2_000))[0]?.answer as number;
    expect(await canConnect(port)).toBe(true);
    tree.supervisor.kill();
    await tree.supervisor.exited;
    await eventually(async () => expect(await canConnect(port)).toBe(false));
  });
});

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
