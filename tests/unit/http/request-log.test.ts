import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createRequestLog, networkOf, shownUserId } from "../../../src/http/request-log.ts";
import { type LogLine, recordingLog } from "../../support/fakes/http-services.ts";

const LOG = { format: "json", level: "info", userIds: "plain", ip: "full" } as const;

describe("request line", () => {
  test.each([
    ["203.0.113.77", "203.0.113.0/24"],
    ["::ffff:203.0.113.77", "203.0.113.0/24"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"],
    ["2001:db8::1", "2001:db8::/48"],
    ["::1", "::/48"],
  ])("shows the network of %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  test("shows a user id as configured", () => {
    expect(shownUserId("u-1", "plain")).toBe("u-1");
    expect(shownUserId("u-1", "off")).toBeNull();
    expect(shownUserId(null, "plain")).toBeNull();
    expect(shownUserId("u-1", "hash")).toMatch(/^[0-9a-f]{16}$/);
  });

  test("hashes equal ids alike and different ids differently", () => {
    expect(shownUserId("u-1", "hash")).toBe(shownUserId("u-1", "hash"));
    expect(shownUserId("u-1", "hash")).not.toBe(shownUserId("u-2", "hash"));
  });

  test("carries its members exactly, whatever stands in them", () => {
    const text = fc.string({ unit: "binary", maxLength: 300 });
    fc.assert(
      fc.property(
        fc.record({
          method: text,
          path: text,
          rawPath: text,
          status: fc.integer({ min: 100, max: 599 }),
          elapsedMs: fc.double({ min: 0, max: 60_000, noNaN: true }),
          userId: fc.option(text),
          ip: fc.option(text),
          userAgent: fc.option(text),
        }),
        (request) => {
          const lines: LogLine[] = [];
          const ids = { requestId: "req_1", correlationId: "cor_1", clientChosen: false };
          createRequestLog(recordingLog(lines), { ...LOG, userIds: "plain" })({ ...request, ids });
          const { status, elapsedMs, method, path, userId, ip } = request;
          expect(lines).toEqual([
            {
              level: status >= 500 ? "error" : status >= 400 ? "warn" : "info",
              event: "request.completed",
              fields: {
                event: "http_request",
                method,
                path,
                raw_path: request.rawPath.slice(0, 256),
                status,
                status_code: status,
                duration_ms: Math.round(elapsedMs),
                latency_ms: Math.round(elapsedMs * 1000) / 1000,
                user_id: userId,
                ip,
                user_agent: request.userAgent?.slice(0, 256) ?? null,
                request_id: "req_1",
                correlation_id: "cor_1",
                trace_id: "req_1",
              },
            },
          ]);
        },
      ),
    );
  });
});
