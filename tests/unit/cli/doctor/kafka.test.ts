/** What doctor says of Kafka without a cluster. */

import { expect, test } from "bun:test";
import { type AddressInfo, createServer } from "node:net";
import { checkKafka } from "../../../../src/cli/doctor/kafka.ts";
import { configOf } from "./configs.ts";

test("Kafka does not arise without brokers in the settings, or without a role that uses them", async () => {
  expect(await checkKafka(configOf())).toBeNull();
  expect(
    await checkKafka(configOf({ KAFKA_BOOTSTRAP_SERVERS: "localhost:1", RECO_ROLES: "http" })),
  ).toBeNull();
});

test("brokers that do not answer are named, each with its own reason", async () => {
  await using hangingUp = await serverThatHangsUp();
  const servers = ["127.0.0.1:1", hangingUp.address];
  const verdict = await checkKafka(configOf({ KAFKA_BOOTSTRAP_SERVERS: servers.join(",") }));
  expect(verdict?.status).toBe("fail");
  const reasons = servers.map((server) => new RegExp(`${server}: ([^;]+)`).exec(verdict?.detail ?? "")?.[1]);
  expect(reasons).toEqual([expect.any(String), expect.any(String)]);
  expect(new Set(reasons).size).toBe(2);
});

async function serverThatHangsUp() {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
