/** What a model takes of a tree's memory. */

import type { TrainedModel } from "../recommend/trained-model.ts";

/** Of an item in each worker that serves the model: its name, its number both ways, and room in working memory. */
const BYTES_PER_ITEM = 160;

/** `fileBytes` are held once for all workers. */
export const modelMemoryBytes = (fileBytes: number, { itemIds }: TrainedModel, workers: number): number =>
  fileBytes + workers * itemIds.length * BYTES_PER_ITEM;

/** Why models of this size must not be served; null when they may be. */
export function memoryProblem(bytes: number, maxBytes: number): string | null {
  if (bytes <= maxBytes) return null;
  return `the models take ${megabytes(bytes)} MB, and MODEL_MEMORY_MAX_MB allows ${megabytes(maxBytes)}`;
}

const megabytes = (bytes: number) => Math.ceil(bytes / 1_048_576);
