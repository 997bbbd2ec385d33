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
  /** Written by ranking. */
  score = new Float64Array(0);
  /** The rows that are candidates, in order; the others were cut by retrieval. */
  rows = new Int32Array(0);
  rowCount = 0;

  /** Empties the columns and makes room for `capacity` rows. */
  reset(capacity: number): void {
    this.count = 0;
    this.rowCount = 0;
    if (this.slots.length >= capacity) return;
    this.slots = new Int32Array(capacity);
    this.coVisitation = new Float64Array(capacity);
    this.coVisLast = new Float64Array(capacity);
    this.popularity = new Float64Array(capacity);
    this.seenRecent = new Uint8Array(capacity);
    this.retrievalScore = new Float64Array(capacity);
    this.score = new Float64Array(capacity);
    this.rows = new Int32Array(capacity);
  }

  /** Adds an unseen item that no related list names; answers its row. */
  add(slot: number, popularity: number, retrievalScore: number): number {
    const row = this.count++;
    this.slots[row] = slot;
    this.coVisitation[row] = 0;
    this.coVisLast[row] = 0;
    this.popularity[row] = popularity;
    this.seenRecent[row] = 0;
    this.retrievalScore[row] = retrievalScore;
    return row;
  }

  /** Makes the `limit` rows with the best retrieval score the candidates; of equal ones the first inserted. */
  select(limit: number, threshold: number): void {
    const { retrievalScore, rows, count } = this;
    let equals = limit;
    for (let row = 0; row < count; row++) if ((retrievalScore[row] as number) > threshold) equals--;
    let selected = 0;
    for (let row = 0; row < count; row++) {
      const score = retrievalScore[row] as number;
      if (score > threshold || (score === threshold && equals-- > 0)) rows[selected++] = row;
    }
    this.rowCount = selected;
  }
}
