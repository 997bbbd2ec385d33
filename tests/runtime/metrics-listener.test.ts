/** The metrics listener on a real socket. */

import { describe, expect, test } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { openMetricsListener } from "../../src/actors/metrics-listener.ts";
import type { ActorArgs } from "../../src/actors/tree.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createTestContext } from "../support/actor-context.ts";
import { eventually } from "../support/eventually.ts";

describe("listener", () => {
  function open(id: string, port: number) {
    const loaded = loadConfig({ env: { METRICS_PORT: String(port), METRICS_HOST: "127.0.0.1" } });
    if (!loaded.ok) throw new Error("unexpected");
    const args: ActorArgs = { config: loaded.value.config, databaseUrl: "" };
    const warnings: string[] = [];
    const ignore = () => {};
    const log = {
      debug: ignore,
      info: ignore,
      error: ignore,
      warn: (_fields: object, event: string) => void warnings.push(event),
      serialised: ignore,
      child: () => log,
    };
    const loopLag = { currentMs: () => 0, recentMaxMs: () => 0, stop: ignore };
    const listener = openMetricsListener(createTestContext({ id, args }), { log, loopLag });
    return { listener, warnings };
  }

  async function freePort(): Promise<number> {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }

  test("serves the owner's tree over HTTP until it is disposed of", async () => {
    const port = await freePort();
    const { listener } = open("monitor", port);
    const url = `http://127.0.0.1:${port}/metrics`;
    await eventually(async () => {
      const response = await fetch(url);
      expect(await response.text()).toContain("reco_log_dropped_total 0");
    });
    listener[Symbol.dispose]();
    await eventually(() => expect(fetch(url)).rejects.toThrow());
  });

  test("a taken port is warned of, and nothing else happens", async () => {
    const port = await freePort();
    const first = open("monitor", port);
    await eventually(async () => {
      await fetch(`http://127.0.0.1:${port}/livez`);
    });
    const second = open("monitor", port);
    await eventually(() => expect(second.warnings).toEqual(["metrics.listen_failed"]));
    first.listener[Symbol.dispose]();
    second.listener[Symbol.dispose]();
  });

  test("other actors open none", async () => {
    const port = await freePort();
    const { listener } = open("http-0", port);
    await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow();
    listener[Symbol.dispose]();
  });
});
