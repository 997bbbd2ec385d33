import { describe, expect, test } from "bun:test";
import { judgeDeadLetters, judgeRetention } from "../../../../src/cli/doctor/retention.ts";
import { configOf } from "./configs.ts";

const DAY_MS = 86_400_000;
const judge = (env: Record<string, string>) => judgeRetention(configOf(env));

describe("retention", () => {
  test("passes as it comes", () => {
    expect(judge({}).status).toBe("pass");
  });

  test("fails when facts go before events of their age stop coming", () => {
    expect(judge({ FACT_RETENTION_DAYS: "29" })).toMatchObject({
      status: "fail",
      detail: expect.stringContaining("FACT_RETENTION_DAYS"),
    });
    expect(judge({ FACT_RETENTION_DAYS: "30" }).status).toBe("pass");
    expect(judge({ FACT_RETENTION_DAYS: "0", CONTRACT_MAX_EVENT_AGE_MS: String(400 * DAY_MS) }).status).toBe(
      "pass",
    );
  });

  test("fails when markers go before what they guard can no longer be read", () => {
    expect(judge({ CONSUMED_RETENTION_DAYS: "8" }).status).toBe("pass");
    expect(judge({ CONSUMED_RETENTION_DAYS: "7" })).toMatchObject({
      status: "fail",
      detail: expect.stringContaining("EVENT_LOG_RETENTION_HOURS"),
    });
    expect(judge({ OUTBOX_RETENTION_HOURS: String(14 * 24) })).toMatchObject({
      status: "fail",
      detail: expect.stringContaining("OUTBOX_RETENTION_HOURS"),
    });
  });

  test("names every mismatch at once", () => {
    const { detail } = judge({ CONSUMED_RETENTION_DAYS: "1", FACT_RETENTION_DAYS: "1" });
    expect(detail.split("; ")).toHaveLength(3);
  });
});

describe("a waiting dead letter", () => {
  const judgeAge = (ageDays: number, env: Record<string, string> = {}) =>
    judgeDeadLetters(configOf(env), ageDays * DAY_MS);

  test("never fails: its markers are kept for as long as it waits", () => {
    expect(judgeAge(0)).toEqual({ status: "pass", detail: "no dead letter waits" });
    for (const days of [1, 6.1, 14]) expect(judgeAge(days).status).toBe("pass");
    expect(judgeAge(400).status).toBe("warn");
  });

  test("that is older than the retention of markers holds up their removal, which is said", () => {
    const { status, detail } = judgeAge(20);
    expect(status).toBe("warn");
    expect(detail).toContain("20 days old");
    expect(detail).toContain("replay-feature-consumer-dlq");
    expect(judgeAge(20, { CONSUMED_RETENTION_DAYS: "30" }).status).toBe("pass");
  });
});
