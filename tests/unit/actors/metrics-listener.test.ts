/** Who owns the metrics listener, and what it answers. */

import { describe, expect, test } from "bun:test";
import { answerListener, type ListenerPorts, metricsOwner } from "../../../src/actors/metrics-listener.ts";

const ports = (more: Partial<ListenerPorts> = {}): ListenerPorts => ({
  metricsText: async () => "up 1\n",
  loopLagMs: () => 1.23456,
  maxLagMs: 100,
  uptimeMs: () => 2500,
  ...more,
});

describe("answers", () => {
  test("/metrics is the text of the tree", async () => {
    expect(await answerListener("/metrics", ports())).toEqual({
      status: 200,
      contentType: "text/plain; version=0.0.4; charset=utf-8",
      body: "up 1\n",
    });
  });

  test("/metrics is not found when metrics are off", async () => {
    expect((await answerListener("/metrics", ports({ metricsText: null }))).status).toBe(404);
  });

  test("/livez tells lag and uptime", async () => {
    const { status, body } = await answerListener("/livez", ports());
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({ status: "ok", event_loop_lag_ms: 1.235, uptime_sec: 2.5 });
  });

  test("/livez fails while the event loop is stalled", async () => {
    expect((await answerListener("/livez", ports({ loopLagMs: () => 101 }))).status).toBe(503);
  });

  test("any other path is not found", async () => {
    expect((await answerListener("/", ports())).status).toBe(404);
  });
});

describe("owner", () => {
  test.each([
    [["http", "relay", "consumer", "monitor", "trainer"], "monitor"],
    [["trainer"], "trainer"],
    [["http", "relay"], "http-0"],
    [["relay", "consumer"], "relay"],
    [["consumer"], "consumer-0"],
  ] as const)("of %j is %s", (roles, owner) => {
    expect(metricsOwner({ roles })).toBe(owner);
  });
});
