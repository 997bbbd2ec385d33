/** How much of the memory models may take. */

import { expect, test } from "bun:test";
import { memoryProblem, modelMemoryBytes } from "../../../src/models/model-memory.ts";

const MB = 1_048_576;
const model = (items: number) =>
  ({ itemIds: Array.from({ length: items }, (_, item) => `i${item}`) }) as unknown as Parameters<
    typeof modelMemoryBytes
  >[1];

test("a file is held once, and its items are numbered in each worker", () => {
  const bytes = (workers: number) => modelMemoryBytes(5 * MB, model(1_000), workers);
  expect(bytes(3) - bytes(2)).toBe(bytes(2) - bytes(1));
  expect(bytes(1)).toBeGreaterThan(5 * MB);
  expect(bytes(2)).toBeLessThan(2 * bytes(1));
});

test("what takes more than is granted is refused with both figures", () => {
  expect(memoryProblem(8 * MB, 8 * MB)).toBeNull();
  expect(memoryProblem(8 * MB + 1, 8 * MB)).toBe("the models take 9 MB, and MODEL_MEMORY_MAX_MB allows 8");
});
