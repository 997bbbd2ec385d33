/** Answers a few requests that nobody made, before the first that somebody did. */

import type { Deadline } from "../core/deadline.ts";
import { SIGNAL_WEIGHT } from "../events/model.ts";
import type { Recommender } from "./recommender.ts";
import type { ServingState } from "./serving-state.ts";

/** Popular items that made-up guests have just taken: what follows these is what most lists are made from. */
const ITEMS = 30;
/** Requests at a time: as many connections are open afterwards. */
const AT_ONCE = 3;
const LIST_LENGTH = 20;

/**
 * The first callers then find connections open, statements known to the server, neighbours of popular items in memory, and
 * code that has run. `guestId` is nobody's. Ends with the deadline at the latest, and never rejects.
 */
export async function rehearse(
  recommender: Pick<Recommender, "reco" | "titles">,
  { popularity }: Pick<ServingState, "popularity">,
  guestId: string,
  deadline: Deadline,
): Promise<void> {
  const popular = popularity.current().top(ITEMS);
  const ask = async (itemIds: readonly string[]) => {
    const weight = SIGNAL_WEIGHT.view;
    const sessionEvents = itemIds.map((itemId, place) => ({ itemId, weight, tsMs: place }));
    const request = {
      userId: guestId,
      sessionId: null,
      k: LIST_LENGTH,
      exclude: new Set<string>(),
      sessionEvents,
    };
    const { list } = await recommender.reco(request, deadline);
    await recommender.titles(list.itemIds, deadline);
  };
  const names = popular.map(({ itemId }) => itemId);
  for (let from = 0; from < names.length && !deadline.expired; from += AT_ONCE) {
    const group = names.slice(from, from + AT_ONCE);
    await Promise.all(group.map((itemId) => ask([itemId])));
  }
}
