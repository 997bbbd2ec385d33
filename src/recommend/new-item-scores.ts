/** What content says of new items for one answer, as policies take it up. */

/** New items that one item of a profile brings from one index. */
export const LIKEST = 10;
/** New items of one answer: those of five items of a profile from two indexes. */
export const MAX_NEW_CANDIDATES = 100;
/** What content counts at least where it speaks for new items alone: the one that fits best gets it whole. */
export const NEW_ITEM_WEIGHT = 0.1;

/** Valid until the next answer is made. */
export interface NewItemScores {
  readonly count: number;
  /** In the numbers of the table that was asked for; the first `count` count. */
  readonly slots: Int32Array;
  /** Above 0. */
  readonly values: Float32Array;
}
