/** What iALS learned of items: a vector each, laid out so that the nearest to a user's vector are found without reading all. */

/** Numbers of a vector. */
export const FACTORS = 64;

export interface ItemFactors {
  /** `FACTORS` numbers for each place; places of a cell follow one another. */
  readonly vectors: Float32Array;
  /** Item number of each place. */
  readonly items: Int32Array;
  /** Place of each item number. */
  readonly places: Int32Array;
  /** Cell c has the places from `cellStarts[c]` until `cellStarts[c + 1]`. One cell: every search reads all. */
  readonly cellStarts: Int32Array;
  /** `FACTORS` numbers for each cell: the mean of its vectors. */
  readonly centroids: Float32Array;
  /** For each cell how far its vectors lie from the mean in any one direction: the root of the mean square. */
  readonly spreads: Float32Array;
  /** Cells that a search reads. */
  readonly probes: number;
  /**
   * Diagonal of the quadratic form that every user shares: unobserved weight * Y'Y and its part of the regularisation.
   * The basis of the vectors is the one in which there is nothing beside the diagonal.
   */
  readonly base: Float64Array;
  /** Regularisation that each unit of a user's confidence adds to the diagonal. */
  readonly ridge: number;
}
