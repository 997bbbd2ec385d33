import { expect, test } from "bun:test";
import { FallbackRatio } from "../../../src/http/fallback-ratio.ts";
import { manualClock } from "../../support/manual-clock.ts";

test("the share of fallbacks counts the answers of the last five minutes", async () => {
  const clock = manualClock();
  const ratio = new FallbackRatio(clock);
  expect(ratio.add(true)).toBe(1);
  expect(ratio.add(false)).toBe(0.5);
  await clock.advance(120_000);
  expect(ratio.add(false)).toBeCloseTo(1 / 3);
  await clock.advance(200_000);
  expect(ratio.add(false)).toBe(0);
  expect(ratio.add(true)).toBeCloseTo(1 / 3);
});

test("the share starts afresh after a long silence", async () => {
  const clock = manualClock();
  const ratio = new FallbackRatio(clock);
  ratio.add(true);
  await clock.advance(3_600_000);
  expect(ratio.add(false)).toBe(0);
});
