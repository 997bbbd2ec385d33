/** Real Apache Kafka brokers for tests, which break them at will; they do not outlive the test process. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Deadline } from "../../../src/core/deadline.ts";
import { temporaryDir } from "../embedded.ts";
import type { GuardOrder, GuardReady, GuardTask } from "./guard.ts";

/** Brokers are numbered from 1. */
export interface TestKafka extends AsyncDisposable {
  /** `host:port` of each, comma-separated. */
  readonly bootstrap: string;
  /** Listeners of a cluster started with `secure`, under the name `localhost` that the certificate has. */
  readonly secure: { readonly ssl: string; readonly saslSsl: string; readonly saslPlain: string };
  /** SIGKILL. */
  kill(broker?: number): Promise<void>;
  /** SIGSTOP: the broker keeps its connections and answers nothing. */
  freeze(broker?: number): Promise<void>;
  /** SIGCONT. */
  thaw(broker?: number): Promise<void>;
  /** Starts the killed broker again on the same ports and data, with other lines of server.properties where given. */
  restart(broker?: number, properties?: Readonly<Record<string, string>>): Promise<void>;
}

export interface KafkaOptions {
  readonly brokers?: 1 | 3;
  /** Adds listeners with TLS and SASL. */
  readonly secure?: boolean;
  /** Lines of server.properties that win over the usual ones. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** The user that a cluster started with `secure` knows, for each mechanism. */
export const SASL_USER = { username: "reco", password: "correct-horse" };

/** Longest start of a cluster on a loaded machine. */
const READY_TIMEOUT_MS = 150_000;

/** Folder of the broker's jars; see pom.xml beside this file. */
const JARS =
  process.env["RECO_TEST_KAFKA_JARS"] ?? fileURLToPath(new URL("../../../.kafka", import.meta.url));
const TLS_FIXTURES = fileURLToPath(new URL("../../fixtures/tls", import.meta.url));

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

export async function startKafka(options: KafkaOptions = {}): Promise<TestKafka> {
  const guard = fileURLToPath(new URL("./guard.ts", import.meta.url));
  const task: GuardTask = {
    dir: temporaryDir("kafka"),
    classPath: join(JARS, "*"),
    brokers: options.brokers ?? 1,
    secure: options.secure ? { ...SASL_USER, tlsDir: TLS_FIXTURES } : null,
    properties: options.properties ?? {},
  };
  const child = spawn(process.execPath, [guard, JSON.stringify(task)], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  if (!child.stdout) throw new Error("no stdout");
  const lines = createInterface({ input: child.stdout });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const { bootstrap, secure } = JSON.parse(await nextLine(child, lines)) as GuardReady;
  const order = async (
    verb: GuardOrder["verb"],
    broker = 1,
    properties: GuardOrder["properties"] = task.properties,
  ) => {
    const done = nextLine(child, lines);
    child.stdin?.write(`${JSON.stringify({ verb, broker, properties } satisfies GuardOrder)}\n`);
    await done;
  };
  return {
    bootstrap,
    secure,
    kill: (broker) => order("kill", broker),
    freeze: (broker) => order("freeze", broker),
    thaw: (broker) => order("thaw", broker),
    restart: (broker, properties) => order("start", broker, properties),
    async [Symbol.asyncDispose]() {
      child.stdin?.end();
      await Deadline.after(15_000).race(exited, () => child.kill("SIGKILL"));
    },
  };
}

async function nextLine(child: ChildProcess, lines: Interface): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const ended = (code: number | null) => reject(new Error(`the brokers' guard ended with ${code}`));
  lines.once("line", resolve);
  child.once("exit", ended);
  try {
    return await Deadline.after(READY_TIMEOUT_MS).race(promise, () => child.kill("SIGTERM"));
  } finally {
    child.off("exit", ended);
  }
}
