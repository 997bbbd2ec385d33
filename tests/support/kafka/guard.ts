/** A process that runs one broker for a test process, and removes it with its folder when that one ends. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [dir = "", classPath = ""] = process.argv.slice(2);
const JVM = ["-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-Xshare:auto"];
const properties = join(dir, "server.properties");
const logging = join(dir, "log4j2.properties");

const [port, controllerPort] = freePorts(2);
const bootstrap = `127.0.0.1:${port}`;

writeFileSync(
  properties,
  `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=PLAINTEXT://${bootstrap},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://${bootstrap}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=${join(dir, "data")}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.session.timeout.ms=10000
group.consumer.min.heartbeat.interval.ms=500
group.consumer.heartbeat.interval.ms=500
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
background.threads=2
`,
);
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

const clusterId = randomBytes(16).toString("base64url").replaceAll("-", "A");
const formatted = spawnSync("java", java("kafka.tools.StorageTool", "format", "-t", clusterId, "-c"), {
  encoding: "utf8",
});
if (formatted.status !== 0) throw new Error(`the broker's storage was not formatted: ${formatted.stderr}`);

let broker = await startBroker();

// The pipe closes when the test process ends, however it ends.
const orders = createInterface({ input: process.stdin });
orders.on("close", end);
orders.on("line", async (order) => {
  if (order === "kill") await killBroker();
  else broker = await startBroker();
  process.stdout.write(`${bootstrap}\n`);
});
process.on("SIGTERM", end);
process.stdout.write(`${bootstrap}\n`);

function java(main: string, ...args: string[]): string[] {
  return [...JVM, `-Dlog4j2.configurationFile=${logging}`, "-cp", classPath, main, ...args, properties];
}

/** Settles when the broker answers. */
function startBroker(): Promise<ChildProcess> {
  const child = spawn("java", java("kafka.Kafka"), { stdio: ["ignore", "pipe", "ignore"] });
  let tail = "";
  return new Promise((resolve, reject) => {
    child.stdout?.on("data", (chunk) => {
      tail = `${tail}${chunk}`.slice(-4_000);
      if (tail.includes("Kafka Server started")) resolve(child);
    });
    child.once("exit", () => reject(new Error(`the broker ended: ${tail}`)));
  });
}

async function killBroker() {
  const exited = new Promise((resolve) => broker.once("exit", resolve));
  broker.kill("SIGKILL");
  await exited;
}

async function end() {
  if (broker.exitCode === null && broker.signalCode === null) await killBroker();
  rmSync(dir, { recursive: true, force: true });
  process.exit(0);
}

/** All held open until the last is known, so that they differ. */
function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () =>
    Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } }),
  );
  const ports = listeners.map((listener) => listener.port);
  for (const listener of listeners) listener.stop(true);
  return ports;
}
