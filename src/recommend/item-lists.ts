/** For each item a short list of others with weights: the form in which a trained source is kept. */

export interface ItemLists {
  /** Item i has the entries from `starts[i]` until `starts[i + 1]`, largest weight first. */
  readonly starts: Int32Array;
  readonly items: Int32Array;
  /** Above 0. */
  readonly weights: Float32Array;
}
