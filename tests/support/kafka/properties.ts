/** The server.properties of a test's broker. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface BrokerPorts {
  readonly plain: number;
  readonly controller: number;
  readonly ssl: number;
  readonly saslSsl: number;
  readonly saslPlain: number;
}

export interface Security {
  /** Holds `server.crt` and `server.key`, for the name `localhost`. */
  readonly tlsDir: string;
  readonly username: string;
  readonly password: string;
}

export interface BrokerSettings {
  /** From 1. */
  readonly broker: number;
  readonly folder: string;
  /** Of all brokers. */
  readonly ports: readonly BrokerPorts[];
  readonly security: Security | null;
  readonly keyStore: string | null;
  readonly properties: Readonly<Record<string, string>>;
}

/** Key and certificate in the one file that a PEM key store is; answers its path. */
export function writeKeyStore({ tlsDir }: Security, dir: string): string {
  const path = join(dir, "server.pem");
  const parts = ["server.key", "server.crt"].map((name) => readFileSync(join(tlsDir, name), "utf8"));
  writeFileSync(path, parts.join("\n"));
  return path;
}

export function serverProperties(settings: BrokerSettings): string {
  const all = { ...usual(settings), ...secured(settings), ...settings.properties };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

function usual({ broker, folder, ports }: BrokerSettings): Record<string, string> {
  const own = ports[broker - 1];
  const voters = ports.map(({ controller }, index) => `${index + 1}@127.0.0.1:${controller}`);
  const replicas = String(ports.length);
  return {
    "process.roles": "broker,controller",
    "node.id": String(broker),
    "controller.quorum.voters": voters.join(","),
    listeners: `PLAINTEXT://127.0.0.1:${own?.plain},CONTROLLER://127.0.0.1:${own?.controller}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${own?.plain}`,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "log.dirs": join(folder, "data"),
    "auto.create.topics.enable": "false",
    "min.insync.replicas": ports.length > 1 ? "2" : "1",
    "offsets.topic.replication.factor": replicas,
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": replicas,
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": replicas,
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "group.consumer.min.session.timeout.ms": "1000",
    "group.consumer.session.timeout.ms": "10000",
    "group.consumer.min.heartbeat.interval.ms": "500",
    "group.consumer.heartbeat.interval.ms": "1000",
    "broker.session.timeout.ms": "6000",
    "broker.heartbeat.interval.ms": "1000",
    "log.cleaner.dedupe.buffer.size": "16777216",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
  };
}

function secured({ broker, ports, security, keyStore }: BrokerSettings): Record<string, string> {
  const own = ports[broker - 1];
  if (!security || !keyStore || !own) return {};
  const { username, password, tlsDir } = security;
  const secureListeners = [`SSL://localhost:${own.ssl}`, `SASL_SSL://localhost:${own.saslSsl}`];
  secureListeners.push(`SASL_PLAINTEXT://localhost:${own.saslPlain}`);
  const plain = `PLAINTEXT://127.0.0.1:${own.plain}`;
  const loginModules = {
    plain: `org.apache.kafka.common.security.plain.PlainLoginModule required user_${username}="${password}";`,
    "scram-sha-256": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    "scram-sha-512": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
  };
  const logins = ["sasl_ssl", "sasl_plaintext"].flatMap((listener) =>
    Object.entries(loginModules).map(([mechanism, module]) => [
      `listener.name.${listener}.${mechanism}.sasl.jaas.config`,
      module,
    ]),
  );
  return {
    listeners: [plain, `CONTROLLER://127.0.0.1:${own.controller}`, ...secureListeners].join(","),
    "advertised.listeners": [plain, ...secureListeners].join(","),
    "listener.security.protocol.map":
      "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": keyStore,
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": join(tlsDir, "server.crt"),
    // Clients of this listener show a certificate.
    "listener.name.ssl.ssl.client.auth": "required",
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    ...Object.fromEntries(logins),
  };
}
