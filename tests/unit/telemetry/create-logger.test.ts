/** The shape of log lines. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Clock } from "../../../src/core/clock.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { createLogger, type LoggerOptions } from "../../../src/telemetry/create-logger.ts";

const clock: Clock = { ...systemClock, nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6) };

function createTestLogger(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const log = createLogger({
    format: "json",
    level: "info",
    environment: "dev",
    component: "api",
    name: "http-0",
    clock,
    output: { write: (line) => lines.push(line) },
    ...options,
  });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? "") as Record<string, unknown> };
}

describe("json log", () => {
  test("a line carries time, level, service and ids", () => {
    const { log, last } = createTestLogger();
    log.warn({ request_id: "req_1", attempt: 2 }, "something.happened");
    expect(last()).toEqual({
      ts: "2026-01-02T03:04:05.006Z",
      timestamp: "2026-01-02T03:04:05.006Z",
      level: "WARN",
      logger: "reco.http-0",
      service: "reco",
      environment: "dev",
      component: "api",
      request_id: "req_1",
      correlation_id: "-",
      trace_id: "-",
      attempt: 2,
      message: "something.happened",
    });
  });

  test("a line of finished members has the shape of any other", () => {
    for (const format of ["json", "text"] as const) {
      const { log, lines } = createTestLogger({ format, level: "warn" });
      const fields = {
        request_id: "req_1",
        correlation_id: "cor_1",
        trace_id: "req_1",
        status: 503,
        path: '/"',
      };
      log.warn(fields, "seen");
      log.serialised("warn", JSON.stringify(fields).slice(1, -1), "seen");
      log.serialised("info", "", "not this one");
      expect(lines.length).toBe(2);
      const [usual = "", finished = ""] = lines;
      if (format === "json") expect(JSON.parse(finished)).toEqual(JSON.parse(usual));
      else expect(finished).toBe(usual);
      expect(finished.endsWith("\n")).toBe(true);
    }
  });

  test("a numeric status can be found with grep", () => {
    const { log, lines } = createTestLogger();
    log.info({ status: 200 }, "request.completed");
    expect(lines[0]).toContain('"status":200');
  });

  test("an id with a strange character is written as a dash", () => {
    const { log, last } = createTestLogger();
    log.info({ request_id: 'x"\n', correlation_id: "a".repeat(129), trace_id: 5 }, "seen");
    expect(last()).toMatchObject({ request_id: "-", correlation_id: "-", trace_id: "-" });
  });

  test("an error is unfolded, and loses the password of a URL", () => {
    const { log, last } = createTestLogger();
    log.error({ error: new TypeError("cannot reach postgres://reco:hunter22@db/reco") }, "failed");
    expect(last()).toMatchObject({
      error_type: "TypeError",
      error_message: "cannot reach postgres://***@db/reco",
      exc_info: "TypeError: cannot reach postgres://***@db/reco",
    });
    expect(JSON.stringify(last())).not.toContain("hunter22");
  });

  test("a child's fields stand in its lines once, and the nearest value wins", () => {
    const { log, lines, last } = createTestLogger();
    log.child({ request_id: "outer", shard: 1 }).child({ request_id: "inner" }).info({}, "seen");
    expect(last()).toMatchObject({ request_id: "inner", shard: 1 });
    expect(lines[0]?.match(/"request_id"/g)).toHaveLength(1);
  });

  test("a field cannot take the place of what the logger writes", () => {
    const { log, lines, last } = createTestLogger();
    log.info({ message: "mine", level: "loud" }, "seen");
    expect(last()).toMatchObject({
      message: "seen",
      level: "INFO",
      field_message: "mine",
      field_level: "loud",
    });
    expect(lines[0]?.match(/"message":/g)).toHaveLength(1);
  });

  test("lines below the level are not written", () => {
    const { log, lines } = createTestLogger({ level: "warn" });
    log.info({}, "quiet");
    log.debug({}, "quieter");
    expect(lines).toEqual([]);
  });

  test("whatever the input holds, an entry is one line of JSON", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.anything(), (event, value) => {
        const { log, lines } = createTestLogger();
        log.info({ value }, event);
        expect(lines).toHaveLength(1);
        expect(lines[0]?.indexOf("\n")).toBe((lines[0]?.length ?? 0) - 1);
        JSON.parse(lines[0] ?? "");
      }),
    );
  });
});

describe("text log", () => {
  test("a line carries component and ids", () => {
    const { log, lines } = createTestLogger({ format: "text" });
    log.info({ request_id: "req_1", path: "/reco", reason: "two words" }, "request.completed");
    expect(lines).toEqual([
      "2026-01-02T03:04:05.006Z INFO [api] request.completed request_id=req_1 path=/reco " +
        'reason="two words" correlation_id=- trace_id=-\n',
    ]);
  });

  test("line breaks of the input do not start a new line", () => {
    const { log, lines } = createTestLogger({ format: "text" });
    log.info({ path: "/a\nERROR forged" }, "seen\r\nforged");
    expect(lines[0]?.trimEnd()).not.toMatch(/[\r\n]/);
  });

  test("lines below the level are not written", () => {
    const { log, lines } = createTestLogger({ format: "text", level: "error" });
    log.warn({}, "quiet");
    expect(lines).toEqual([]);
  });
});
