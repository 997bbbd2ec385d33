/** Checks what the settings of Kafka ask for: addresses, user, certificates. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Config } from "./config.ts";
import type { ConfigProblem } from "./problem.ts";
import type { Values, VariableName } from "./schema.ts";

const SERVER = /^[a-z0-9._-]+:\d{1,5}$/i;

type Finding = readonly [variable: VariableName, message: string];

/** True in a tree that talks to brokers. */
export const usesKafka = ({ kafka, roles }: Config): boolean =>
  kafka !== null && roles.some((role) => role !== "http");

/** What is wrong with the variables, before any file is opened. */
export function checkKafkaSettings({ kafka }: Config, values: Values): ConfigProblem[] {
  if (kafka === null) return [];
  const servers: Finding[] = kafka.bootstrapServers.every((server) => SERVER.test(server))
    ? []
    : [["KAFKA_BOOTSTRAP_SERVERS", "must be a comma list of host:port"]];
  return asProblems([...servers, ...tls(values), ...sasl(values)]);
}

function tls(values: Values): Finding[] {
  const files = ["KAFKA_SSL_CA_FILE", "KAFKA_SSL_CERT_FILE", "KAFKA_SSL_KEY_FILE"] as const;
  if (!values.KAFKA_SSL) {
    return files.filter((name) => values[name] !== null).map((name) => [name, "needs KAFKA_SSL=true"]);
  }
  const [cert, key] = [values.KAFKA_SSL_CERT_FILE, values.KAFKA_SSL_KEY_FILE];
  if (cert !== null && key === null) return [["KAFKA_SSL_KEY_FILE", "is needed with KAFKA_SSL_CERT_FILE"]];
  if (cert === null && key !== null) return [["KAFKA_SSL_CERT_FILE", "is needed with KAFKA_SSL_KEY_FILE"]];
  return [];
}

function sasl(values: Values): Finding[] {
  const names = ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"] as const;
  return values.KAFKA_SASL_MECHANISM === null
    ? names.filter((name) => values[name] !== null).map((name) => [name, "needs KAFKA_SASL_MECHANISM"])
    : names
        .filter((name) => values[name] === null)
        .map((name) => [name, "is needed with KAFKA_SASL_MECHANISM"]);
}

/** What is wrong with the files, where this tree uses them. `readText` answers null for what cannot be read. */
export function checkKafkaFiles(config: Config, readText: (path: string) => string | null): ConfigProblem[] {
  const ssl = config.kafka?.ssl;
  if (!ssl || !usesKafka(config)) return [];
  const findings: Finding[] = [];
  const parsed = <T>(
    variable: VariableName,
    path: string | null,
    kind: string,
    parse: (pem: string) => T,
  ) => {
    if (path === null) return null;
    const pem = readText(path);
    if (pem === null) {
      findings.push([variable, `cannot be read: ${path}`]);
      return null;
    }
    try {
      return parse(pem);
    } catch {
      findings.push([variable, `is not ${kind} in PEM: ${path}`]);
      return null;
    }
  };
  const asCertificate = (pem: string) => new X509Certificate(pem);
  parsed("KAFKA_SSL_CA_FILE", ssl.caFile, "a certificate", asCertificate);
  const certificate = parsed("KAFKA_SSL_CERT_FILE", ssl.certFile, "a certificate", asCertificate);
  const key = parsed("KAFKA_SSL_KEY_FILE", ssl.keyFile, "a private key without a passphrase", (pem) =>
    createPrivateKey(pem),
  );
  if (certificate && key && !certificate.checkPrivateKey(key)) {
    findings.push(["KAFKA_SSL_KEY_FILE", "is not the key of KAFKA_SSL_CERT_FILE"]);
  }
  return asProblems(findings);
}

const asProblems = (findings: readonly Finding[]): ConfigProblem[] =>
  findings.map(([variable, message]) => ({ kind: "invalid", variable, message }));
