import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { memoryPlan } from "../../../src/models/memory-plan.ts";

const MEGABYTE = 1_048_576;
const of = (megabytes: number, items: number) => memoryPlan(megabytes * MEGABYTE, items, 4_000);

describe("the memory of training", () => {
  test("has whole lists for 100,000 items and a million users in 2,048 MB, and shorter ones for 500,000", () => {
    const plan = of(2_048, 100_000);
    expect([plan.listLength, plan.ialsMaxUsers, plan.maxEvents > 5e6]).toEqual([100, 1_000_000, true]);
    const large = of(2_048, 500_000);
    expect(large.listLength).toBe(20);
    expect(large.leastBytes).toBeLessThan(2_048 * MEGABYTE);
  });

  test("is refused where the items alone take more, and what is not refused stays below what it may take", () => {
    expect(of(2_048, 1_000_000).leastBytes).toBeGreaterThan(2_048 * MEGABYTE);
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
