/** A process that runs brokers for a test process, and removes them with their folder when that one ends. */

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePorts } from "../ports.ts";
import { type BrokerPorts, type Security, serverProperties, writeKeyStore } from "./properties.ts";

export interface GuardTask {
  readonly dir: string;
  readonly classPath: string;
  readonly brokers: number;
  readonly secure: Security | null;
  readonly properties: Readonly<Record<string, string>>;
}

export interface GuardReady {
  readonly bootstrap: string;
  readonly secure: { readonly ssl: string; readonly saslSsl: string; readonly saslPlain: string };
}

export interface GuardOrder {
  readonly verb: "kill" | "freeze" | "thaw" | "start";
  /** From 1. */
  readonly broker: number;
  readonly properties: Readonly<Record<string, string>>;
}

const { dir, classPath, brokers, secure, properties } = JSON.parse(process.argv[2] ?? "") as GuardTask;
const JVM = ["-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-Xshare:auto"];
const logging = join(dir, "log4j2.properties");
const PORTS_EACH = 5;

const allPorts = freePorts(brokers * PORTS_EACH);
const ports = Array.from({ length: brokers }, (_, index): BrokerPorts => {
  const [plain = 0, controller = 0, ssl = 0, saslSsl = 0, saslPlain = 0] = allPorts.slice(index * PORTS_EACH);
  return { plain, controller, ssl, saslSsl, saslPlain };
});
const listOf = (host: string, port: keyof BrokerPorts) =>
  ports.map((own) => `${host}:${own[port]}`).join(",");
const ready: GuardReady = {
  bootstrap: listOf("127.0.0.1", "plain"),
  secure: {
    ssl: listOf("localhost", "ssl"),
    saslSsl: listOf("localhost", "saslSsl"),
    saslPlain: listOf("localhost", "saslPlain"),
  },
};
const folderOf = (broker: number) => join(dir, String(broker));
const propertiesOf = (broker: number) => join(folderOf(broker), "server.properties");

writeFileSync(
  logging,
  `rootLogger.level=WARN
rootLogger.appenderRefs=c
rootLogger.appenderRef.c.ref=C
appender.c.type=Console
appender.c.name=C
appender.c.layout.type=PatternLayout
appender.c.layout.pattern=%p %c{1} %m%n
logger.k.name=kafka.server.KafkaRaftServer
logger.k.level=INFO
`,
);
const keyStore = secure ? writeKeyStore(secure, dir) : null;
for (const [index] of ports.entries()) {
  const broker = index + 1;
  mkdirSync(folderOf(broker));
  writeProperties(broker, properties);
}

const running: ChildProcess[] = [];
process.on("SIGTERM", end);
await format();
await Promise.all(ports.map((_, index) => startBroker(index + 1)));

// The pipe closes when the test process ends, however it ends.
const orders = createInterface({ input: process.stdin });
orders.on("close", end);
orders.on("line", async (line) => {
  const { verb, broker, properties } = JSON.parse(line) as GuardOrder;
  const child = running[broker - 1];
  if (verb === "start") {
    writeProperties(broker, properties);
    await startBroker(broker);
  } else if (verb === "kill" && child) await kill(child);
  else child?.kill(verb === "freeze" ? "SIGSTOP" : "SIGCONT");
  process.stdout.write("done\n");
});
process.stdout.write(`${JSON.stringify(ready)}\n`);

function writeProperties(broker: number, properties: Readonly<Record<string, string>>) {
  const own = { broker, folder: folderOf(broker), ports, security: secure, keyStore, properties };
  writeFileSync(propertiesOf(broker), serverProperties(own));
}

function java(main: string, ...args: string[]): string[] {
  return [...JVM, `-Dlog4j2.configurationFile=${logging}`, "-cp", classPath, main, ...args];
}

/** The first broker's folder by Kafka's tool, the others' from it: each start of Java takes seconds. */
async function format(): Promise<void> {
  const users = secure
    ? ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((mechanism) => [
        "--add-scram",
        `${mechanism}=[name=${secure.username},password=${secure.password}]`,
      ])
    : [];
  const clusterId = randomId();
  const tool = java("kafka.tools.StorageTool", "format", "-t", clusterId, "-c", propertiesOf(1), ...users);
  const child = spawn("java", tool, { stdio: ["ignore", "ignore", "inherit"] });
  const status = await new Promise((resolve) => child.once("exit", resolve));
  if (status !== 0) throw new Error("the storage of the first broker was not formatted");
  for (let broker = 2; broker <= brokers; broker++) {
    const [from, to] = [1, broker].map((node) => join(folderOf(node), "data"));
    cpSync(from ?? "", to ?? "", { recursive: true });
    const meta = join(to ?? "", "meta.properties");
    const own = readFileSync(meta, "utf8")
      .replace(/^node\.id=.*$/m, `node.id=${broker}`)
      .replace(/^directory\.id=.*$/m, `directory.id=${randomId()}`);
    writeFileSync(meta, own);
  }
}

function randomId(): string {
  return randomBytes(16).toString("base64url").replaceAll("-", "A");
}

/** Settles when the broker answers. */
function startBroker(broker: number): Promise<void> {
  const child = spawn("java", java("kafka.Kafka", propertiesOf(broker)), {
    stdio: ["ignore", "pipe", "ignore"],
  });
  running[broker - 1] = child;
  let tail = "";
  return new Promise((resolve, reject) => {
    child.stdout?.on("data", (chunk) => {
      tail = `${tail}${chunk}`.slice(-4_000);
      if (tail.includes("Kafka Server started")) resolve();
    });
    child.once("exit", () => reject(new Error(`broker ${broker} ended: ${tail}`)));
  });
}

async function kill(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
}

async function end() {
  await Promise.all(running.map(kill));
  rmSync(dir, { recursive: true, force: true });
  process.exit(0);
}
