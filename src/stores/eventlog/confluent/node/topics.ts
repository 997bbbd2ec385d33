/** What the brokers tell of topics, asked with a client of its own: a consumer's handle is busy reading. */

import { type Conf, called, codeOf, type RdAdmin, type RdKafka, type TopicDescription } from "./rdkafka.ts";

export interface TopicState {
  readonly id: string;
  readonly leaders: readonly number[];
}

export interface Bounds {
  readonly start: number;
  readonly end: number;
}

const UNKNOWN_TOPIC = 3;
const TOPIC_EXISTS = 36;
const FIRST_HELD = -2;
const NEXT_WRITTEN = -1;

export class Topics {
  readonly #admin: RdAdmin;

  constructor(kafka: RdKafka, properties: Conf) {
    this.#admin = kafka.AdminClient.create(properties);
  }

  async describe(topics: readonly string[], timeoutMs: number): Promise<ReadonlyMap<string, TopicState>> {
    const described = await called<readonly TopicDescription[]>((done) =>
      this.#admin.describeTopics(topics, { timeout: timeoutMs }, done),
    );
    const known = described.filter(({ error }) => error?.code !== UNKNOWN_TOPIC);
    for (const { name, error } of known) if (error) throw new Error(`topic ${name}: ${error.message}`);
    return new Map(
      known.map(({ name, topicId, partitions }) => [
        name,
        { id: uuidOf(topicId), leaders: partitions.map(({ leader }) => leader?.id ?? -1) },
      ]),
    );
  }

  /** One that exists, made by another at the same moment, is fine. */
  async create(topic: string, partitions: number, replication: number, timeoutMs: number): Promise<void> {
    const wanted = { topic, num_partitions: partitions, replication_factor: replication };
    try {
      await called<void>((done) => this.#admin.createTopic(wanted, timeoutMs, done));
    } catch (error) {
      if (codeOf(error) !== TOPIC_EXISTS) throw error;
    }
  }

  /** Aligned with `places`. */
  async bounds(
    places: readonly { readonly topic: string; readonly partition: number }[],
    timeoutMs: number,
  ): Promise<readonly Bounds[]> {
    if (places.length === 0) return [];
    const list = async (timestamp: -1 | -2) => {
      const asked = places.map(({ topic, partition }) => ({ topic, partition, offset: { timestamp } }));
      const listed = await called<readonly { topic: string; partition: number; offset: number }[]>((done) =>
        this.#admin.listOffsets(asked, { timeout: timeoutMs }, done),
      );
      return new Map(listed.map(({ topic, partition, offset }) => [`${topic}/${partition}`, offset]));
    };
    const [starts, ends] = await Promise.all([list(FIRST_HELD), list(NEXT_WRITTEN)]);
    return places.map(({ topic, partition }) => {
      const start = starts.get(`${topic}/${partition}`);
      const end = ends.get(`${topic}/${partition}`);
      if (start === undefined || end === undefined) throw new Error(`no bounds of ${topic}/${partition}`);
      return { start, end };
    });
  }
}

/** As other clients of Kafka write the id, so that offsets stored under it are found whatever the driver. */
function uuidOf({ mostSignificantBits, leastSignificantBits }: TopicDescription["topicId"]): string {
  const hex = [mostSignificantBits, leastSignificantBits]
    .map((bits) => BigInt.asUintN(64, bits).toString(16).padStart(16, "0"))
    .join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
