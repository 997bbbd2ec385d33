/** A real redis-server for tests, on a port of its own; it does not outlive the test process. */

import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { createClient } from "@redis/client";
import { Deadline } from "../../src/core/deadline.ts";
import { temporaryDir } from "./embedded.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./ports.ts";

export interface TestRedis extends AsyncDisposable {
  readonly url: string;
  /** One command, on a connection of its own. */
  ask(...command: string[]): Promise<unknown>;
  /** SIGKILL: everything it holds is lost. */
  kill(): Promise<void>;
  /** Starts the killed server again on the same port. */
  restart(): Promise<void>;
  /** Keeps its connections and answers nothing, as a hung machine would. */
  freeze(): void;
  thaw(): void;
}

const READY = { timeoutMs: 8_000 };
/** The pipe closes when the test process ends, however it ends. */
const GUARD = '"$@" >/dev/null 2>&1 & pid=$!; echo $pid; cat >/dev/null; kill -9 $pid 2>/dev/null; wait';

/** What a server lacks on this machine, or null. Where tests may skip nothing, it is an error. */
export function redisMissing(): string | null {
  if (Bun.which("redis-server")) return null;
  if (process.env["CI"] === "true") throw new Error("no Redis for the tests: redis-server is not installed");
  return "redis-server is not installed";
}

/** `stopped`: chooses the port and starts nothing until `restart`. */
export async function startRedis(options: { stopped?: boolean } = {}, retries = 2): Promise<TestRedis> {
  const dir = temporaryDir("redis");
  const port = freePort();
  const url = `redis://127.0.0.1:${port}/0`;
  let server: { guard: ChildProcess; pid: number } | null = null;
  const ask = async (...command: string[]) => {
    const client = createClient({
      url,
      RESP: 2,
      socket: { reconnectStrategy: false, connectTimeout: 2_000 },
    });
    client.on("error", () => {}); // The command fails as well.
    try {
      return await Deadline.after(5_000).race(client.connect().then(() => client.sendCommand(command)));
    } finally {
      if (client.isOpen) client.destroy();
    }
  };
  const redis: TestRedis = {
    url,
    ask,
    async kill() {
      if (server === null) return;
      const { guard, pid } = server;
      server = null;
      const ended = new Promise((resolve) => guard.once("exit", resolve));
      guard.stdin?.end(); // The guard kills it; a server that has ended by itself has no process.
      killNow(pid);
      await Deadline.after(10_000).race(ended, () => guard.kill("SIGKILL"));
    },
    async restart() {
      server = await launch(port, dir);
      await eventually(() => ask("PING"), READY);
    },
    freeze: () => void (server && process.kill(server.pid, "SIGSTOP")),
    thaw: () => void (server && process.kill(server.pid, "SIGCONT")),
    async [Symbol.asyncDispose]() {
      await redis.kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  if (options.stopped) return redis;
  try {
    await redis.restart();
    return redis;
  } catch (error) {
    // Somebody else may have taken the port meanwhile.
    await redis[Symbol.asyncDispose]();
    if (retries === 0) throw error;
    return startRedis(options, retries - 1);
  }
}

async function launch(port: number, dir: string) {
  const command = ["redis-server", "--bind", "127.0.0.1", "--port", String(port), "--dir", dir];
  const guard = spawn("sh", ["-c", GUARD, "sh", ...command, "--save", "", "--appendonly", "no"], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  const { stdout } = guard;
  if (!stdout) throw new Error("no stdout");
  const line = new Promise<string>((resolve) => createInterface({ input: stdout }).once("line", resolve));
  return { guard, pid: Number(await Deadline.after(10_000).race(line)) };
}

function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
