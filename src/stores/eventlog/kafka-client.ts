/** How a client reaches the brokers, and what its failures mean. */

import { isIP } from "node:net";
import { Admin, type Base, type BaseOptions, findErrorBy } from "@platformatic/kafka";
import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";
import type { ProduceResult } from "../../events/ports.ts";
import type { KafkaSecurity } from "./kafka-security.ts";

export interface KafkaConnection {
  /** `host:port` of each. */
  readonly bootstrapServers: readonly string[];
  readonly clientId: string;
  readonly requestTimeoutMs: number;
  /** Absent: plain text and no user. */
  readonly security?: KafkaSecurity;
}

const CONNECT_TIMEOUT_MS = 5_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** By list of servers: how often nobody got anywhere with a new client. */
const failedStarts = new WeakMap<readonly string[], number>();

const failuresOf = ({ bootstrapServers }: KafkaConnection) => failedStarts.get(bootstrapServers) ?? 0;

/** The next new client of these servers asks another one first. */
export function startFailed(connection: KafkaConnection): void {
  failedStarts.set(connection.bootstrapServers, failuresOf(connection) + 1);
}

/** `turn`: which server is asked first. A frozen one lets everybody in and answers nobody. */
export const clientOptions = (connection: KafkaConnection, turn = 0): BaseOptions => ({
  clientId: connection.clientId,
  bootstrapBrokers: rotated(connection.bootstrapServers, turn + failuresOf(connection)),
  connectTimeout: CONNECT_TIMEOUT_MS,
  requestTimeout: connection.requestTimeoutMs,
  timeout: connection.requestTimeoutMs,
  // Callers repeat what failed, with deadlines of their own.
  retries: 0,
  // A topic is made by `ensureTopic` or not at all, whatever the brokers would do by themselves.
  autocreateTopics: false,
  ...(connection.security?.tls
    ? { tls: { ...connection.security.tls }, tlsServerName: hasNames(connection) }
    : {}),
  ...(connection.security?.sasl ? { sasl: { ...connection.security.sasl } } : {}),
});

/**
 * A connection tells its first failure to whoever waits for it; a second one, as when a refused socket is reset, would be
 * an error event without a listener and end the process.
 */
export function guarded<C extends Base>(client: C): C {
  client.connections.on("connecting", ({ connection }) => connection.on("error", () => {}));
  return client;
}

const rotated = <T>(list: readonly T[], by: number): T[] => {
  const at = by % Math.max(1, list.length);
  return [...list.slice(at), ...list.slice(0, at)];
};

/** The name of a server is told to it in the handshake; an address must not be. */
const hasNames = ({ bootstrapServers }: KafkaConnection) =>
  !bootstrapServers.some((server) => isIP(server.slice(0, server.lastIndexOf(":"))));

/** The library takes a topic that is not there for a mistake of its user, one among several. */
export const isUnknownTopic = (error: Error) =>
  findErrorBy(error, "code", "PLT_KFK_USER")?.message.startsWith("Unknown topic ") ?? false;

export const hasApiError = (error: Error, ...ids: readonly string[]) =>
  ids.some((id) => findErrorBy(error, "apiId", id) !== null);

type Failure = Exclude<ProduceResult, { status: "acked" }>;

/** Only an answer of the broker says that nothing was written. */
export function failureOf(error: Error): Failure {
  const text = describe(error);
  if (hasApiError(error, "MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE")) {
    return { status: "failed", class: "too_large", error: text };
  }
  if (hasApiError(error, "INVALID_TOPIC_EXCEPTION", "INVALID_RECORD")) {
    return { status: "failed", class: "fatal", error: text };
  }
  // One try without an answer leaves it open, whatever the last one says.
  const isRefusal = triesOf(error).every((tried) => hasApiError(tried, ...NOTHING_WRITTEN));
  return isRefusal
    ? { status: "failed", class: "retryable", error: text }
    : { status: "unknown", error: text };
}

const triesOf = (error: Error): readonly Error[] =>
  error instanceof AggregateError && error.errors.length > 0
    ? error.errors.flatMap((inner) => triesOf(asError(inner)))
    : [error];

const NOTHING_WRITTEN = [
  "UNKNOWN_TOPIC_OR_PARTITION",
  "NOT_LEADER_OR_FOLLOWER",
  "LEADER_NOT_AVAILABLE",
  "NOT_ENOUGH_REPLICAS",
  "TOPIC_AUTHORIZATION_FAILED",
  "CLUSTER_AUTHORIZATION_FAILED",
  "KAFKA_STORAGE_ERROR",
];

/** The library's outer error names the operation only. */
export function describe(error: Error): string {
  const inner = error instanceof AggregateError ? error.errors.at(-1) : error.cause;
  return inner instanceof Error ? `${error.message} ${describe(inner)}` : error.message;
}

export const asDescribed = (thrown: unknown): Error => new Error(describe(asError(thrown)));

/** Never throws: a client that cannot say goodbye is dropped, and the brokers end its sessions by themselves. */
export async function closeClient(
  client: { close(force: boolean): Promise<void> },
  timeoutMs: number,
  clock: Clock,
): Promise<void> {
  try {
    await Deadline.after(timeoutMs, clock).race(client.close(true));
  } catch {
    // Nothing that was acknowledged depends on it.
  }
}

/** Asks the cluster with a client of its own, and after a failure another server first. */
export async function withAdmin<T>(
  connection: KafkaConnection,
  clock: Clock,
  ask: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = guarded(new Admin(clientOptions(connection)));
  try {
    return await ask(admin);
  } catch (error) {
    startFailed(connection);
    throw error;
  } finally {
    await closeClient({ close: () => admin.close() }, CLOSE_TIMEOUT_MS, clock);
  }
}
