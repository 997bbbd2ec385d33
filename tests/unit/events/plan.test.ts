import { describe, expect, test } from "bun:test";
import { type PlanOptions, planEvent } from "../../../src/events/plan.ts";
import { encodeLogEvent } from "../../../src/events/wire.ts";
import { aDirectEvent, anImpressionEvent, aWatchEvent } from "../../support/plans.ts";

const HASH = new Uint8Array(32);
const OPTIONS: PlanOptions = {
  topics: { impressions: "recsys.impressions.v1", watches: "recsys.watches.v1" },
  outboxPartitions: 64,
  maxAttempts: 25,
  maxEventBytes: 900_000,
};

describe("plan", () => {
  test("streams a watch under its user's partition", () => {
    const event = aWatchEvent({ userId: "user-1" });
    expect(planEvent(event, HASH, OPTIONS)).toEqual({
      ok: true,
      value: {
        event,
        bodyHash: HASH,
        outbox: {
          topic: "recsys.watches.v1",
          key: "user-1",
          partition: 12,
          payload: encodeLogEvent(event),
          maxAttempts: 25,
        },
      },
    });
  });

  test("sends impressions to their own topic", () => {
    const plan = planEvent(anImpressionEvent(), HASH, OPTIONS);
    expect(plan.ok && plan.value.outbox?.topic).toBe("recsys.impressions.v1");
  });

  test("does not stream a direct event", () => {
    const plan = planEvent(aDirectEvent(), HASH, OPTIONS);
    expect(plan.ok && plan.value.outbox).toBeNull();
  });

  test("refuses a message one byte over the limit, counted as it is sent", () => {
    const event = aWatchEvent({ userId: "Zoë" });
    const size = Buffer.byteLength(encodeLogEvent(event));
    const planned = [size, size - 1].map(
      (maxEventBytes) => planEvent(event, HASH, { ...OPTIONS, maxEventBytes }).ok,
    );
    expect(planned).toEqual([true, false]);
  });
});
