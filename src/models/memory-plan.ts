/** What training will take of its memory, reckoned before anything is read. */

import { FACTORS } from "../recommend/item-factors.ts";
import { LIST_LENGTH } from "./item-lists-builder.ts";

export interface MemoryPlan {
  /** Rows that EASE may have to invert. */
  readonly easeMaxRows: number;
  /** The newest events that fit. */
  readonly maxEvents: number;
  /** Users that iALS may learn from, whose vectors stand where the matrices of EASE would. */
  readonly ialsMaxUsers: number;
  /** Neighbours that an item keeps in each source: fewer where items are very many. */
  readonly listLength: number;
  /** Of the matrix that EASE inverts and the one that it keeps, or of the vectors of users. */
  readonly matrixBytes: number;
  /** Of the lists of all items while they are made, and of their vectors. */
  readonly itemBytes: number;
  /** The least that training of so many items takes: it is refused where it may not take that. */
  readonly leastBytes: number;
}

/** The log, the part of it that the validation fits, both by rows and by columns, and room for columns to grow. */
const BYTES_PER_EVENT = 100;
/** What a contest adds: the part of the log that its candidate learns from, with all that this takes. */
const CONTEST_BYTES_PER_EVENT = 80;
/** An entry of 8 bytes in three sources, twice while they grow, and those of the validation. */
const BYTES_PER_ENTRY = 3 * 8 * 3;
const VECTOR_BYTES = FACTORS * Float32Array.BYTES_PER_ELEMENT;
/** As they are learned and laid out in cells, of the validation and of all events, and one that is tried. */
const VECTORS_PER_ITEM = 5;
/** Of the memory: beyond it lists become shorter. */
const ITEM_SHARE = 0.4;
const SHORTEST_LIST = 20;
const MIN_EVENTS = 10_000;

/**
 * `items` is how many the events may name; `isCompared` tells of a contest before the training. The two matrices never take
 * more than half of the memory.
 */
export function memoryPlan(
  maxBytes: number,
  items: number,
  easeMaxRows: number,
  isCompared: boolean,
): MemoryPlan {
  const rows = Math.min(easeMaxRows, Math.floor(Math.sqrt(maxBytes / 2 / 16)));
  const matrixBytes = 16 * rows * rows;
  const vectorBytes = VECTORS_PER_ITEM * VECTOR_BYTES;
  const fitting = Math.floor(((maxBytes * ITEM_SHARE) / Math.max(1, items) - vectorBytes) / BYTES_PER_ENTRY);
  const listLength = Math.max(SHORTEST_LIST, Math.min(LIST_LENGTH, fitting));
  const itemBytes = items * (listLength * BYTES_PER_ENTRY + vectorBytes);
  const bytesPerEvent = BYTES_PER_EVENT + (isCompared ? CONTEST_BYTES_PER_EVENT : 0);
  const left = maxBytes - matrixBytes - itemBytes;
  return {
    maxEvents: Math.max(MIN_EVENTS, Math.floor(left / bytesPerEvent)),
    easeMaxRows: rows,
    ialsMaxUsers: Math.floor(matrixBytes / VECTOR_BYTES),
    listLength,
    matrixBytes,
    itemBytes,
    leastBytes: matrixBytes + itemBytes + MIN_EVENTS * bytesPerEvent,
  };
}

export class TooLittleMemoryError extends Error {
  override name = "TooLittleMemoryError";
}

/** Throws TooLittleMemoryError where the items alone take more than training may. */
export function checkPlan({ leastBytes }: MemoryPlan, items: number, maxBytes: number): void {
  if (leastBytes <= maxBytes) return;
  const [least, allowed] = [leastBytes, maxBytes].map((bytes) => Math.ceil(bytes / 1_048_576));
  throw new TooLittleMemoryError(
    `training ${items} items takes at least ${least} MB, and it may take ${allowed} (TRAINER_MEMORY_MAX_MB)`,
  );
}
