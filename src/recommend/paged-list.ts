/** A ranked list that is kept so that several answers can be cut from it, and the places that answers took. */

import type { PolicyLabel } from "./policy.ts";
import type { RankedList } from "./ranked-list.ts";
import type { ModelVersion } from "./recommender.ts";
import type { ServingRules } from "./serving-rules.ts";

/** Items kept of a ranked list. */
export const MAX_PAGED_ITEMS = 1_000;

/** With the policy that made it, whichever serves when it is continued. */
export interface PagedList {
  /** What passed the filter, by score, boost included; at most `MAX_PAGED_ITEMS`. */
  readonly list: RankedList;
  readonly label: PolicyLabel;
  readonly modelVersion: ModelVersion;
  readonly strategy: string;
  readonly rules: ServingRules;
}

/** Where a paged list stands: a bit for each place that was shown, the lowest bit of the first byte for place 0. */
export type ShownPlaces = Uint8Array;

export interface Page {
  readonly paged: PagedList;
  readonly shown: ShownPlaces;
}

export const isShown = (shown: ShownPlaces, place: number): boolean =>
  (((shown[place >> 3] ?? 0) >> (place & 7)) & 1) === 1;

/** With these places as well; for a list of `length` items. */
export function withShown(shown: ShownPlaces, places: Iterable<number>, length: number): ShownPlaces {
  const next = new Uint8Array(Math.ceil(length / 8));
  next.set(shown.subarray(0, next.length));
  for (const place of places) next[place >> 3] = (next[place >> 3] ?? 0) | (1 << (place & 7));
  return next;
}
