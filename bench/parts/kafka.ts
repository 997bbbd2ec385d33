/** The driver of Kafka against Kafka's own producer tool, at the same size of records and batches. */

import { randomBytes } from "node:crypto";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import type { EventLogProducer, ProduceRecord } from "../../src/events/ports.ts";
import { figure } from "../support/figure.ts";
import { javaProducer } from "../support/java-producer.ts";
import { kafkaLog, startBroker } from "../support/kafka-log.ts";
import type { PartOptions, PartResult } from "../support/part.ts";
import { rotated } from "../support/rotate.ts";

const TOPIC = "bench.producer";
const RECORD_BYTES = 300;
/** Records of one partition in one request. */
const BATCH = 500;
/** What a record takes in a batch besides its value. */
const FRAME_BYTES = 16;
const RECORDS_A_SECOND = 60_000;
const TIMEOUT_MS = 30_000;

/** In records a second; the CPU time of this process a record, in µs. */
interface Round {
  readonly java: number;
  readonly driver: number;
  readonly driverCpuUs: number;
}

export async function kafka(options: PartOptions): Promise<PartResult> {
  await using broker = await startBroker();
  const { log, partitions } = kafkaLog(broker);
  await using producer = await log.producer();
  await producer.ensureTopic(TOPIC, partitions);
  const records = options.seconds * RECORDS_A_SECOND;
  const batchBytes = BATCH * (RECORD_BYTES + FRAME_BYTES);
  const java = { bootstrap: broker.bootstrap, topic: TOPIC, records, recordBytes: RECORD_BYTES, batchBytes };
  const rounds: Round[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const measured: Partial<{ -readonly [K in keyof Round]: Round[K] }> = {};
    const candidates = [
      async () => {
        measured.java = await javaProducer(java);
      },
      async () => Object.assign(measured, await driven(producer, records, partitions)),
    ];
    for (const measure of rotated(candidates, round)) await measure();
    rounds.push(measured as Round);
    console.error(
      `round ${round + 1}: tool ${measured.java?.toFixed(0)}, driver ${measured.driver?.toFixed(0)} records/s ` +
        `(${measured.driverCpuUs?.toFixed(1)} µs)`,
    );
  }
  const samples = rounds.map((each) => ({ value: each.driver, reference: each.java }));
  const bar = { of: "ratio", is: ">=", limit: 0.7 } as const;
  const what = `driver kafka, ${BATCH} records of ${RECORD_BYTES} bytes a request`;
  return {
    figures: [figure(what, "records/s", "Kafka's producer tool", samples, bar)],
    rounds,
    refused: [],
  };
}

/** One call after the other, as the relay makes them: each waits for its acknowledgements. */
async function driven(producer: EventLogProducer, records: number, partitions: number) {
  const value = randomBytes(RECORD_BYTES);
  const call: ProduceRecord[] = Array.from({ length: BATCH * partitions }, (_, index) => ({
    topic: TOPIC,
    key: `user-${index}`,
    value,
    headers: {},
  }));
  const before = process.cpuUsage();
  const startedMs = performance.now();
  let sent = 0;
  for (; sent < records; sent += call.length) {
    const results = await producer.produce(call, Deadline.after(TIMEOUT_MS, systemClock));
    const failed = results.find(({ status }) => status !== "acked");
    if (failed) throw new Error(JSON.stringify(failed));
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const cpu = process.cpuUsage(before);
  return { driver: sent / seconds, driverCpuUs: (cpu.user + cpu.system) / sent };
}
