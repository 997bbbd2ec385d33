/** The files that secure the way to Kafka are looked at before anything starts. */

import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkKafkaFiles } from "../../../src/config/kafka-checks.ts";
import { configOf } from "../cli/doctor/configs.ts";

const fixture = (name: string) => readFileSync(join(import.meta.dir, "../../fixtures/tls", name), "utf8");
const strangeKey = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
const FILES: Readonly<Record<string, string>> = {
  "/cert.pem": fixture("server.crt"),
  "/cert.key": fixture("server.key"),
  "/strange.key": String(strangeKey),
  "/letter.txt": "Dear reader",
};
const ENV = {
  KAFKA_BOOTSTRAP_SERVERS: "a:9092",
  KAFKA_SSL: "true",
  KAFKA_SSL_CA_FILE: "/cert.pem",
  KAFKA_SSL_CERT_FILE: "/cert.pem",
  KAFKA_SSL_KEY_FILE: "/cert.key",
};

const problemsOf = (env: Record<string, string>) =>
  checkKafkaFiles(configOf({ ...ENV, ...env }), (path) => FILES[path] ?? null).map(
    ({ variable, message }) => `${variable} ${message}`,
  );

describe("files for Kafka", () => {
  test("are accepted when they can be read and belong together", () => {
    expect(problemsOf({})).toEqual([]);
  });

  test.each([
    ["KAFKA_SSL_CA_FILE", "/gone.pem", "KAFKA_SSL_CA_FILE cannot be read: /gone.pem"],
    ["KAFKA_SSL_CA_FILE", "/letter.txt", "KAFKA_SSL_CA_FILE is not a certificate in PEM: /letter.txt"],
    ["KAFKA_SSL_CERT_FILE", "/cert.key", "KAFKA_SSL_CERT_FILE is not a certificate in PEM: /cert.key"],
    [
      "KAFKA_SSL_KEY_FILE",
      "/cert.pem",
      "KAFKA_SSL_KEY_FILE is not a private key without a passphrase in PEM: /cert.pem",
    ],
    ["KAFKA_SSL_KEY_FILE", "/strange.key", "KAFKA_SSL_KEY_FILE is not the key of KAFKA_SSL_CERT_FILE"],
  ])("%s=%s is refused", (variable, path, problem) => {
    expect(problemsOf({ [variable]: path })).toEqual([problem]);
  });

  test("are not opened in a tree that talks to no broker", () => {
    expect(problemsOf({ KAFKA_SSL_CA_FILE: "/gone.pem", RECO_ROLES: "http" })).toEqual([]);
  });
});
