/** The candidates of one answer as columns that are reused from answer to answer. */

/** Row order is order of first insertion; `count` rows are valid until the next `reset`. */
export class Candidates {
  count = 0;
  slots = new Int32Array(0);
  /** Sum of the co-visitation counts, each divided by the depth of its source. */
  coVisitation = new Float64Array(0);
  /** Count in the related list of the newest history item. */
  coVisLast = new Float64Array(0);
  popularity = new Float64Array(0);
  /** 1 when the item is in the history. */
  seenRecent = new Uint8Array(0);
  /** What retrieval ordered by. */
  retrievalScore = new Float64Array(0);

  /** Empties the columns and makes room for `capacity` rows. */
  reset(capacity: number): void {
    this.count = 0;
    if (this.slots.length >= capacity) return;
    this.slots = new Int32Array(capacity);
    this.coVisitation = new Float64Array(capacity);
    this.coVisLast = new Float64Array(capacity);
    this.popularity = new Float64Array(capacity);
    this.seenRecent = new Uint8Array(capacity);
    this.retrievalScore = new Float64Array(capacity);
  }

  /** Adds an unseen item without any score; answers its row. */
  add(slot: number): number {
    const row = this.count++;
    this.slots[row] = slot;
    this.coVisitation[row] = 0;
    this.coVisLast[row] = 0;
    this.popularity[row] = 0;
    this.seenRecent[row] = 0;
    this.retrievalScore[row] = 0;
    return row;
  }

  /** Keeps the rows that `isKept` wants, in their order. */
  keep(isKept: (row: number) => boolean): void {
    let kept = 0;
    for (let row = 0; row < this.count; row++) {
      if (isKept(row)) this.#copy(row, kept++);
    }
    this.count = kept;
  }

  #copy(from: number, to: number): void {
    if (from === to) return;
    this.slots[to] = this.slots[from] as number;
    this.coVisitation[to] = this.coVisitation[from] as number;
    this.coVisLast[to] = this.coVisLast[from] as number;
    this.popularity[to] = this.popularity[from] as number;
    this.seenRecent[to] = this.seenRecent[from] as number;
    this.retrievalScore[to] = this.retrievalScore[from] as number;
  }
}
