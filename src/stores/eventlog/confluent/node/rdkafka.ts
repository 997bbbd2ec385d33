/** The part of @confluentinc/kafka-javascript that is used, as it is documented, and how it is found and called. */

import { createRequire } from "node:module";
import { join } from "node:path";

export type Callback<T> = (error: RdError | null | undefined, value: T) => void;
export type Conf = Record<string, unknown>;

/** Negative codes are the library's own, others are a broker's. */
export interface RdError {
  readonly message: string;
  readonly code: number;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
  readonly offset?: number;
}

export interface RdMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | string | null;
  readonly value: Buffer | null;
  readonly headers?: readonly Readonly<Record<string, Buffer | string>>[];
}

interface Client {
  connect(options: { timeout: number }, done: Callback<unknown>): void;
  on(event: "event.error", listener: (error: RdError) => void): void;
  on(event: "event.log", listener: (line: { readonly message: string }) => void): void;
}

export interface RdProducer extends Client {
  setPollInBackground(on: boolean): void;
  produce(
    topic: string,
    partition: number,
    value: Buffer,
    key: Buffer,
    timestamp: null,
    opaque: number,
    headers: readonly Readonly<Record<string, Buffer>>[],
  ): void;
  on(event: "event.error", listener: (error: RdError) => void): void;
  on(event: "event.log", listener: (line: { readonly message: string }) => void): void;
  on(
    event: "delivery-report",
    listener: (error: RdError | null, report: { readonly opaque: number }) => void,
  ): void;
}

export interface RdConsumer extends Client {
  subscribe(topics: readonly string[]): void;
  unsubscribe(): void;
  setDefaultConsumeTimeout(ms: number): void;
  setDefaultIsTimeoutOnlyForFirstMessage(on: boolean): void;
  consume(count: number, done: Callback<readonly RdMessage[]>): void;
  rebalanceProtocol(): "NONE" | "EAGER" | "COOPERATIVE";
  assign(partitions: readonly TopicPartition[]): void;
  unassign(): void;
  incrementalAssign(partitions: readonly TopicPartition[]): void;
  incrementalUnassign(partitions: readonly TopicPartition[]): void;
  seek(to: TopicPartition, timeoutMs: number, done: Callback<void>): void;
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  committed(
    partitions: readonly TopicPartition[],
    timeoutMs: number,
    done: Callback<readonly TopicPartition[]>,
  ): void;
  commitCb(partitions: readonly TopicPartition[], done: Callback<void>): void;
  disconnect(done: Callback<unknown>): void;
  on(event: "event.error", listener: (error: RdError) => void): void;
  on(event: "event.log", listener: (line: { readonly message: string }) => void): void;
  on(event: "partition.eof", listener: (end: Required<TopicPartition>) => void): void;
}

export interface TopicDescription {
  readonly name: string;
  readonly topicId: { readonly mostSignificantBits: bigint; readonly leastSignificantBits: bigint };
  readonly error?: RdError;
  readonly partitions: readonly { readonly partition: number; readonly leader?: { readonly id: number } }[];
}

export interface RdAdmin {
  describeTopics(
    topics: readonly string[],
    options: { timeout: number },
    done: Callback<readonly TopicDescription[]>,
  ): void;
  createTopic(
    topic: { topic: string; num_partitions: number; replication_factor: number },
    timeoutMs: number,
    done: Callback<void>,
  ): void;
  /** At -2 the first offset held, at -1 the next to be written. */
  listOffsets(
    partitions: readonly { topic: string; partition: number; offset: { timestamp: -1 | -2 } }[],
    options: { timeout: number },
    done: Callback<readonly Required<TopicPartition>[]>,
  ): void;
}

export interface RdKafka {
  readonly librdkafkaVersion: string;
  readonly Producer: new (conf: Conf) => RdProducer;
  readonly KafkaConsumer: new (conf: Conf) => RdConsumer;
  readonly AdminClient: { create(conf: Conf): RdAdmin };
}

const CONNECT_MARGIN_MS = 500;
const PACKAGE = "@confluentinc/kafka-javascript";

/** From the first folder that has it. Throws what Node throws when none has it, or its addon does not load. */
export function loadRdKafka(folders: readonly string[]): RdKafka {
  let missing: unknown = new Error("no folder to look into");
  for (const folder of folders) {
    const require = createRequire(join(folder, "reco.js"));
    try {
      return require(PACKAGE) as RdKafka;
    } catch (error) {
      missing = error;
      if (isThere(require)) break; // Its addon does not load: that is the reason to tell.
    }
  }
  throw missing;
}

function isThere(require: NodeJS.Require): boolean {
  try {
    require.resolve(PACKAGE);
    return true;
  } catch {
    return false;
  }
}

/** A call that takes a callback, as a promise. */
export function called<T>(call: (done: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(asRdError(error)) : resolve(value)));
  });
}

/** The library tells no reason while it connects; it is to say at least that it could not, before the asker's deadline. */
export const connected = (client: Client, timeoutMs: number): Promise<unknown> =>
  called((done) => client.connect({ timeout: Math.max(1, timeoutMs - CONNECT_MARGIN_MS) }, done));

/** The library's errors carry a code; its objects are not always errors. */
const asRdError = ({ message, code }: RdError): Error => Object.assign(new Error(message), { code });

export const codeOf = (error: unknown): number => {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "number" ? code : 0;
};
