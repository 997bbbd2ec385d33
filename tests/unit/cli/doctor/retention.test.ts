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
  const statusOf = (ageDays: number) => judgeDeadLetters(configOf(), ageDays * DAY_MS).status;

  test("passes while markers outlive log and letter by a day, then fails", () => {
    expect(statusOf(0)).toBe("pass");
    expect(statusOf(6)).toBe("pass");
    expect(statusOf(6.1)).toBe("fail");
  });

  test("names the retention that would do", () => {
    expect(judgeDeadLetters(configOf(), 20 * DAY_MS).detail).toContain("CONSUMED_RETENTION_DAYS to 28");
  });
});
