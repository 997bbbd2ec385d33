/** The user-to-user channel: what was taken in past sessions that are like what the user did lately. */

import type { ProfileEntry } from "../ports.ts";
import { SlotScores } from "../slot-scores.ts";
import { sessionKnnSource } from "../sources/session-knn-source.ts";
import { type Hits, NO_HITS, type NumberedModel } from "./hits.ts";

/** Beside weights of the channels, as it is. */
export const USER_CHANNEL_WEIGHT = 0.6;
/** Items that are found at most. */
const FOUND = 200;

/** Working memory of one search at a time. */
export class UserChannel {
  readonly #source = sessionKnnSource();
  readonly #scores = new SlotScores();

  /** Scores of the run's session kNN over `history`, oldest first; none where the run kept no sessions. */
  hits({ model, numbers, identity }: NumberedModel, history: readonly ProfileEntry[]): Hits {
    const recent = history.flatMap(({ itemId }) => numbers.get(itemId) ?? []).reverse();
    if (model.sessions === null || recent.length === 0) return NO_HITS;
    const scores = this.#scores;
    scores.reserve(model.itemIds.length);
    const placed = { model, numbers: identity, slots: identity };
    this.#source.score({ placed, recent: { slots: recent } }, scores);
    const least = scores.nthBest(FOUND);
    const hits = new Map<string, number>();
    for (const item of scores.touched.subarray(0, scores.count)) {
      const score = scores.values[item] as number;
      if (score >= least) hits.set(model.itemIds[item] as string, score);
    }
    scores.clear();
    return hits;
  }
}
