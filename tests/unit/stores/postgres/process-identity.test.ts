import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { childrenOf, identify, isAlive } from "../../../../src/stores/postgres/process-identity.ts";

test("a child is known by its parent while it lives, and is itself alone", async () => {
  const child = spawn("sleep", ["60"]);
  await once(child, "spawn");
  const pid = child.pid ?? 0;
  expect(childrenOf(process.pid)).toContain(pid);
  expect(childrenOf(pid)).toEqual([]);
  const identity = identify(pid);
  expect(identity && isAlive(identity)).toBe(true);

  child.kill("SIGKILL");
  await once(child, "exit");

  expect(childrenOf(process.pid)).not.toContain(pid);
  expect(identify(pid)).toBeNull();
});
