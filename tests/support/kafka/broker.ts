/** A real Apache Kafka broker for tests; it does not outlive the test process. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Deadline } from "../../../src/core/deadline.ts";
import { temporaryDir } from "../embedded.ts";

export interface TestKafka extends AsyncDisposable {
  readonly bootstrap: string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts the killed broker again on the same port and data. */
  restart(): Promise<void>;
}

/** Longest start of a broker on a loaded machine. */
const READY_TIMEOUT_MS = 60_000;

/** Folder of the broker's jars; see pom.xml beside this file. */
const JARS =
  process.env["RECO_TEST_KAFKA_JARS"] ?? fileURLToPath(new URL("../../../.kafka", import.meta.url));

/** What a broker lacks on this machine, or null. Where tests may skip nothing, it is an error. */
export function kafkaMissing(): string | null {
  const missing = findMissing();
  if (missing !== null && process.env["CI"] === "true") throw new Error(`no Kafka for the tests: ${missing}`);
  return missing;
}

function findMissing(): string | null {
  if (!Bun.which("java")) return "java is not installed";
  if (!existsSync(JARS)) return `no jars in ${JARS}, see tests/support/kafka/pom.xml`;
  return null;
}

export async function startKafka(): Promise<TestKafka> {
  const guard = fileURLToPath(new URL("./guard.ts", import.meta.url));
  const child = spawn(process.execPath, [guard, temporaryDir("kafka"), join(JARS, "*")], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  if (!child.stdout) throw new Error("no stdout");
  const lines = createInterface({ input: child.stdout });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const bootstrap = await nextLine(child, lines);
  const order = async (command: "kill" | "start") => {
    const done = nextLine(child, lines);
    child.stdin?.write(`${command}\n`);
    await done;
  };
  return {
    bootstrap,
    kill: () => order("kill"),
    restart: () => order("start"),
    async [Symbol.asyncDispose]() {
      child.stdin?.end();
      await Deadline.after(15_000).race(exited, () => child.kill("SIGKILL"));
    },
  };
}

function nextLine(child: ChildProcess, lines: Interface): Promise<string> {
  const line = new Promise<string>((resolve, reject) => {
    lines.once("line", resolve);
    child.once("exit", (code) => reject(new Error(`the broker's guard ended with ${code}`)));
  });
  return Deadline.after(READY_TIMEOUT_MS).race(line, () => child.kill("SIGTERM"));
}
