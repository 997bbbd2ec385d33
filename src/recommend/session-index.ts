/** The newest sessions of everybody, for finding those that went like the present one. */

/** How much of a like session counts, and what of it: chosen on a validation slice by the trainer. */
export const SESSION_DECAYS = ["vsknn", "stan"] as const;
export type SessionDecay = (typeof SESSION_DECAYS)[number];

export interface SessionIndex {
  readonly decay: SessionDecay;
  /** The newest session is number 0. Session s has `items` from `starts[s]` until `starts[s + 1]`, oldest first. */
  readonly starts: Int32Array;
  readonly items: Int32Array;
  /** When each session ended. */
  readonly endMs: Float64Array;
  /** Item i is in `sessions` from `itemStarts[i]` until `itemStarts[i + 1]`, newest first. */
  readonly itemStarts: Int32Array;
  readonly sessions: Int32Array;
}
