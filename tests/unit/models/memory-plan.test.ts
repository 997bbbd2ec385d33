import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { checkPlan, memoryPlan, TooLittleMemoryError } from "../../../src/models/memory-plan.ts";

const MEGABYTE = 1_048_576;
const of = (megabytes: number, items: number) => memoryPlan(megabytes * MEGABYTE, items, 4_000, false);

describe("the memory of training", () => {
  test("has whole lists for 100,000 items and a million users in 2,048 MB, and shorter ones for 500,000", () => {
    const plan = of(2_048, 100_000);
    expect([plan.listLength, plan.ialsMaxUsers, plan.maxEvents > 5e6]).toEqual([100, 1_000_000, true]);
    const large = of(2_048, 500_000);
    expect(large.listLength).toBe(20);
    expect(large.leastBytes).toBeLessThan(2_048 * MEGABYTE);
  });

  test("is refused where the items alone take more, and what is not refused stays below what it may take", () => {
    const check = (items: number) => checkPlan(of(2_048, items), items, 2_048 * MEGABYTE);
    expect(() => check(1_000_000)).toThrow(TooLittleMemoryError);
    expect(() => check(1_000_000)).toThrow(/1000000 items takes at least \d+ MB, and it may take 2048/);
    check(500_000);
    fc.assert(
      fc.property(
        fc.integer({ min: 16, max: 8_192 }),
        fc.integer({ min: 1, max: 2_000_000 }),
        (mb, items) => {
          const plan = of(mb, items);
          const planned = plan.matrixBytes + plan.itemBytes + plan.maxEvents * 100;
          if (plan.leastBytes <= mb * MEGABYTE) expect(planned).toBeLessThanOrEqual(mb * MEGABYTE);
          expect(plan.ialsMaxUsers * 256).toBeLessThanOrEqual(plan.matrixBytes);
          expect(plan.listLength).toBeGreaterThanOrEqual(20);
        },
      ),
    );
  });
});
