/** The settings of librdkafka. */

import type { KafkaSecurity } from "../kafka-security.ts";
import type { GroupProtocol } from "./protocol.ts";

type Properties = Readonly<Record<string, string | number | boolean>>;

export interface ConfluentConnection {
  /** `host:port` of each. */
  readonly bootstrapServers: readonly string[];
  readonly clientId: string;
  readonly requestTimeoutMs: number;
  /** Absent: plain text and no user. */
  readonly security?: KafkaSecurity;
}

/** Soon enough for a topic that is made after a consumer asked for it. */
const METADATA_REFRESH_MS = 5_000;
const SESSION_MS = 10_000;
const HEARTBEAT_MS = 1_000;
/** Kafka's default limit; what may go into a record is less. */
const MAX_MESSAGE_BYTES = 1_048_588;
/** Of what is read ahead, a partition. */
const READ_AHEAD_KB = 4_096;

export const clientProperties = (connection: ConfluentConnection): Properties => ({
  "bootstrap.servers": connection.bootstrapServers.join(","),
  "client.id": connection.clientId,
  "topic.metadata.refresh.interval.ms": METADATA_REFRESH_MS,
  "allow.auto.create.topics": false,
  ...securityProperties(connection.security ?? { tls: null, sasl: null }),
});

const securityProperties = ({ tls, sasl }: KafkaSecurity): Properties => ({
  "security.protocol": `${sasl ? "sasl_" : ""}${tls ? "ssl" : "plaintext"}`,
  ...(tls?.ca === undefined ? {} : { "ssl.ca.pem": tls.ca }),
  ...(tls?.cert === undefined ? {} : { "ssl.certificate.pem": tls.cert }),
  ...(tls?.key === undefined ? {} : { "ssl.key.pem": tls.key }),
  ...(sasl
    ? { "sasl.mechanisms": sasl.mechanism, "sasl.username": sasl.username, "sasl.password": sasl.password }
    : {}),
});

export const producerProperties = (connection: ConfluentConnection): Properties => ({
  ...clientProperties(connection),
  "enable.idempotence": true,
  "message.max.bytes": MAX_MESSAGE_BYTES,
  // Tried for ever, so that nothing of a partition can overtake what failed: the asker's deadline ends it with the child.
  "message.timeout.ms": 0,
  "linger.ms": 2,
  dr_cb: true,
});

export const groupProperties = (
  connection: ConfluentConnection,
  group: string,
  protocol: GroupProtocol,
): Properties => ({
  ...clientProperties(connection),
  "group.id": group,
  "group.protocol": protocol,
  // With the newer protocol both are the brokers' to decide.
  ...(protocol === "classic"
    ? { "session.timeout.ms": SESSION_MS, "heartbeat.interval.ms": HEARTBEAT_MS }
    : {}),
  "enable.auto.commit": false,
  "enable.auto.offset.store": false,
  // A lost position is an error here: where to go on is the consumer's decision.
  "auto.offset.reset": "error",
  "enable.partition.eof": true,
  "queued.max.messages.kbytes": READ_AHEAD_KB,
  // Another topic behind a known name is told in the log alone.
  debug: "metadata",
});
