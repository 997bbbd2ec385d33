/** Kafka's own producer tool. */

import { fileURLToPath } from "node:url";

const JARS = process.env["RECO_TEST_KAFKA_JARS"] ?? fileURLToPath(new URL("../../.kafka", import.meta.url));
const JVM = ["-Xmx256m", "-XX:+UseSerialGC"];

export interface JavaRun {
  readonly bootstrap: string;
  readonly topic: string;
  readonly records: number;
  readonly recordBytes: number;
  readonly batchBytes: number;
}

/** Records a second by its own count, which leaves the start of the JVM out; all replicas acknowledge. */
export async function javaProducer(run: JavaRun): Promise<number> {
  const child = Bun.spawn(
    [
      "java",
      ...JVM,
      "-cp",
      `${JARS}/*`,
      "org.apache.kafka.tools.ProducerPerformance",
      "--topic",
      run.topic,
      "--num-records",
      String(run.records),
      "--record-size",
      String(run.recordBytes),
      "--throughput",
      "-1",
      "--producer-props",
      `bootstrap.servers=${run.bootstrap}`,
      "acks=all",
      `batch.size=${run.batchBytes}`,
      "linger.ms=5",
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const [out, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const last = out.trimEnd().split("\n").at(-1) ?? "";
  const perSec = Number(/([\d.]+) records\/sec/.exec(last)?.[1]);
  if ((await child.exited) !== 0 || !(perSec > 0))
    throw new Error(`the producer tool failed: ${errors}${out}`);
  return perSec;
}
