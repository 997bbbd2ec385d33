/** How the memory of a tree is added up. */

import { describe, expect, test } from "bun:test";
import { addUpMemory } from "../../../src/actors/memory-use.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";

function actorIn(process: string, bytes: number) {
  const metrics = createMetrics();
  metrics.gauge("process_resident_memory_bytes", { process }).set(bytes);
  return metrics.snapshot();
}

describe("addUpMemory", () => {
  test("counts threads of one process once and processes together", () => {
    const use = addUpMemory([actorIn("root", 100), actorIn("root", 110), actorIn("relay", 40)]);
    expect(use.rss_bytes).toBe(150);
    expect(use.processes).toEqual({ root: 110, relay: 40 });
  });

  test("the budget is what the machine or the container gives", () => {
    const { budget_bytes, heap_bytes } = addUpMemory([]);
    expect(budget_bytes).toBeGreaterThan(heap_bytes);
    expect(Number.isFinite(budget_bytes)).toBe(true);
  });
});
