/** What training will take of its memory, reckoned before anything is read. */

export interface MemoryPlan {
  /** Rows that EASE may have to invert. */
  readonly easeMaxRows: number;
  /** The newest events that fit. */
  readonly maxEvents: number;
  /** Of the matrix that EASE inverts, and the one that it keeps. */
  readonly matrixBytes: number;
  /** Of the lists of all items while they are made. */
  readonly listBytes: number;
}

/** The log, the part of it that the validation fits, both by rows and by columns, and room for columns to grow. */
const BYTES_PER_EVENT = 100;
/** What a contest adds: the part of the log that its candidate learns from, with all that this takes. */
const CONTEST_BYTES_PER_EVENT = 80;
/** Three sources of 100 entries of 8 bytes, twice while they grow, and those of the validation. */
const BYTES_PER_ITEM = 3 * 100 * 8 * 3;
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
  const listBytes = BYTES_PER_ITEM * items;
  const bytesPerEvent = BYTES_PER_EVENT + (isCompared ? CONTEST_BYTES_PER_EVENT : 0);
  const left = maxBytes - matrixBytes - listBytes;
  return {
    maxEvents: Math.max(MIN_EVENTS, Math.floor(left / bytesPerEvent)),
    matrixBytes,
    listBytes,
    easeMaxRows: rows,
  };
}
