/** The program of the Node child: answers the questions of the process that started it, and ends with it. */

import { systemClock } from "../../../../core/clock.ts";
import { asError } from "../../../../core/errors.ts";
import { ALIVE_EVERY_MS, type News, type Question, type Questions, type Reply } from "../protocol.ts";
import { GroupClient, PositionLost } from "./group.ts";
import { ProducerClient } from "./producer.ts";
import { loadRdKafka, type RdKafka } from "./rdkafka.ts";
import { Topics } from "./topics.ts";

/** What `open` made. */
interface Opened {
  readonly topics: Topics;
  readonly producer: ProducerClient | null;
  readonly group: GroupClient | null;
}

let kafka: RdKafka | null = null;
let opened: Opened | null = null;

// The library's threads may be waiting for brokers: only a signal ends them at once.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.on("message", (message) => void reply(message as Question));

async function reply(question: Question): Promise<void> {
  try {
    send({ id: question.id, answer: await answer(question) });
  } catch (thrown) {
    const error = asError(thrown);
    const reason = error instanceof PositionLost ? "position_lost" : "failed";
    send({ id: question.id, refusal: { text: error.message, reason } });
  }
}

function answer(question: Question): unknown {
  const { kind, ask, timeoutMs } = question;
  switch (kind) {
    case "hello":
      return hello(ask as Questions["hello"]["ask"]);
    case "open":
      return open(ask as Questions["open"]["ask"], timeoutMs);
    case "topic":
      return describe(ask as Questions["topic"]["ask"], timeoutMs);
    case "create": {
      const { topic, partitions, replication } = ask as Questions["create"]["ask"];
      return client().topics.create(topic, partitions, replication, timeoutMs).then(nothing);
    }
    case "produce":
      return client().producer?.produce(ask as Questions["produce"]["ask"]);
    case "fetch":
      return client().group?.fetch(ask as Questions["fetch"]["ask"]);
    case "commit":
      return client()
        .group?.commit(ask as Questions["commit"]["ask"])
        .then(nothing);
    case "confirm":
      return client()
        .group?.confirm(ask as Questions["confirm"]["ask"])
        .then(nothing);
    case "bounds":
      return bounds(ask as Questions["bounds"]["ask"], timeoutMs);
    case "leave":
      return client().group?.leave().then(nothing);
    default: {
      const unreachable: never = kind;
      throw new Error(`unknown question: ${unreachable}`);
    }
  }
}

function hello({ folders }: Questions["hello"]["ask"]): Questions["hello"]["answer"] {
  kafka = loadRdKafka(folders);
  return { node: process.version, librdkafka: kafka.librdkafkaVersion };
}

async function open({ properties, group }: Questions["open"]["ask"], timeoutMs: number): Promise<null> {
  if (kafka === null) throw new Error("open before hello");
  const topics = new Topics(kafka, adminProperties(properties));
  const producer = group === null ? new ProducerClient(kafka, properties) : null;
  const member = group === null ? null : new GroupClient(kafka, properties, group, topics, send);
  await (producer ?? member)?.open(timeoutMs);
  opened = { topics, producer, group: member };
  tellAlive();
  return null;
}

async function describe({ topic }: Questions["topic"]["ask"], timeoutMs: number) {
  const states = await client().topics.describe([topic], timeoutMs);
  return states.get(topic) ?? null;
}

async function bounds({ topic, partitions }: Questions["bounds"]["ask"], timeoutMs: number) {
  const places = partitions.map((partition) => ({ topic, partition }));
  return (await client().topics.bounds(places, timeoutMs)).map(({ start, end }) => [start, end]);
}

function client(): Opened {
  if (opened === null) throw new Error("not opened");
  return opened;
}

/** What is of a producer or a group member alone means nothing to the asker of topics. */
function adminProperties(properties: Questions["open"]["ask"]["properties"]): Record<string, unknown> {
  const shared = Object.entries(properties).filter(([name]) =>
    /^(bootstrap\.servers|client\.id|security\.protocol|ssl\..*|sasl\..*)$/.test(name),
  );
  return Object.fromEntries(shared);
}

function tellAlive(): void {
  send({ news: "alive" });
  systemClock.schedule(ALIVE_EVERY_MS, tellAlive);
}

function send(message: Reply | News): void {
  if (process.connected) process.send?.(message);
}

const nothing = () => null;
