/** When the trainer trains, and what it puts into service. */

import { describe, expect, test } from "bun:test";
import {
  CANARY_REQUESTS,
  dueTraining,
  type PromotionCase,
  trainingMemoryBytes,
  whyKept,
} from "../../../src/actors/trainer-decide.ts";
import { testConfig } from "../../support/fakes/http-services.ts";

const NIGHT = Date.UTC(2026, 0, 10, 2, 30);
const HOUR = 3_600_000;

describe("a first training", () => {
  const first = { nowMs: NIGHT, newestRun: null };

  test.each([
    ["without events", 0, 0, null],
    ["at the first look, which cannot tell whether events are being loaded", 100_000, null, null],
    ["while events are being loaded", 100_000, 80_000, null],
    ["when the loading is over", 100_000, 100_000, "first"],
    ["while events come as they always do", 100_000, 99_900, "first"],
  ] as const)("%s", (_, lastEventId, previousEventId, due) => {
    expect(dueTraining({ ...first, lastEventId, previousEventId })).toBe(due);
  });
});

describe("a daily training", () => {
  const run = (createdAtMs: number, newEvents = 1_000) => ({
    newestRun: { createdAtMs, watermark: 5_000 },
    lastEventId: 5_000 + newEvents,
    previousEventId: 5_000 + newEvents,
  });

  test.each([
    ["one minute before half past two", NIGHT - 60_000, NIGHT - 23 * HOUR, null],
    ["at half past two", NIGHT, NIGHT - 23 * HOUR, "daily"],
    ["later, when nobody trained in time", NIGHT + 9 * HOUR, NIGHT - 23 * HOUR, "daily"],
    ["before half past two, when yesterday's is missing", NIGHT - HOUR, NIGHT - 25 * HOUR, "daily"],
    ["not again after a run of the same night", NIGHT + 9 * HOUR, NIGHT + 60_000, null],
  ] as const)("%s", (_, nowMs, createdAtMs, due) => {
    expect(dueTraining({ nowMs, ...run(createdAtMs) })).toBe(due);
  });

  test("is left out when hardly anything has happened since", () => {
    expect(dueTraining({ nowMs: NIGHT, ...run(NIGHT - 24 * HOUR, 99) })).toBeNull();
    expect(dueTraining({ nowMs: NIGHT, ...run(NIGHT - 24 * HOUR, 100) })).toBe("daily");
  });
});

describe("the memory of a training", () => {
  const MB = 1_048_576;
  const granted = (containerMb: number) =>
    trainingMemoryBytes(testConfig({ trainer: { memoryMaxBytes: 2_048 * MB } }), containerMb * MB) / MB;

  test.each([
    ["outside a container", 0, 2_048],
    ["in a large one", 8_192, 2_048],
    ["in a small one", 1_024, 512],
  ])("%s", (_, containerMb, trainingMb) => {
    expect(granted(containerMb)).toBe(trainingMb);
  });
});

describe("a run", () => {
  const figures = {
    opponent: "stream-v1",
    questions: 1_000,
    users: 100,
    ndcg_at_10: 0.06,
    opponent_ndcg_at_10: 0.04,
    diff: 0.02,
    ci_low: 0.001,
    ci_high: 0.04,
  };
  const good: PromotionCase = {
    figures,
    autoPromote: true,
    environmentClass: "development",
    requestsLastHour: 0,
    hasServingChanged: false,
  };

  test("that is better beyond chance takes over in development, where nobody asks much", () => {
    expect(whyKept(good)).toBeNull();
    expect(whyKept({ ...good, requestsLastHour: CANARY_REQUESTS - 1 })).toBeNull();
  });

  test("that may be better by chance stays out", () => {
    for (const ci_low of [0, -0.001, -1]) {
      expect(whyKept({ ...good, figures: { ...figures, ci_low } })).toBe("not_better");
    }
  });

  test.each([
    ["nothing_to_compare_by", { figures: null }],
    ["auto_promotion_off", { autoPromote: false }],
    ["needs_canary", { requestsLastHour: CANARY_REQUESTS }],
    ["needs_canary", { environmentClass: "production" }],
    ["needs_canary", { environmentClass: "other" }],
    ["serving_changed", { hasServingChanged: true }],
  ] as const)("is kept: %s", (reason, change) => {
    expect(whyKept({ ...good, ...change })).toBe(reason);
  });
});
