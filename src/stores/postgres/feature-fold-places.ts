/** Puts new interactions between the stored events around them. */

import type { StoredEvent, SurroundedInteraction } from "../../events/fold-rules.ts";
import type { GapInteraction, Neighbour } from "../../events/fold-transitions.ts";
import { directRows } from "./feature-fold-events.ts";
import type { Transaction } from "./pool-types.ts";

interface Gap extends SurroundedInteraction {
  readonly previous: Neighbour | null;
  readonly next: Neighbour | null;
}

/** Finds the nearest events of each, and how the later one came where it repeats an item. */
export async function placeInteractions(
  tx: Transaction,
  surrounded: readonly SurroundedInteraction[],
): Promise<readonly (GapInteraction & SurroundedInteraction)[]> {
  const gaps = surrounded.map(gapOf);
  const repeats = gaps.flatMap((gap) => (gap.next && isRepeat(gap, gap.next) ? [gap.next.id] : []));
  const direct = repeats.length === 0 ? NONE : await directRows(tx, repeats);
  return gaps.map((gap) => ({
    ...gap,
    next: gap.next && {
      ...gap.next,
      // Between different items every origin counts the same.
      origin: direct.has(gap.next.id) || !isRepeat(gap, gap.next) ? "direct" : "stream",
    },
  }));
}

const NONE: ReadonlySet<number> = new Set();

/** Around a new interaction; a stored event of the same time came before it. */
function gapOf({ interaction, around }: SurroundedInteraction): Gap {
  let previous: StoredEvent | null = null;
  let next: StoredEvent | null = null;
  for (const event of around) {
    if (event.tsMs > interaction.tsMs) next = next && isBefore(next, event) ? next : event;
    else previous = previous && isBefore(event, previous) ? previous : event;
  }
  return { interaction, around, previous, next };
}

const isBefore = (a: StoredEvent, b: StoredEvent) => a.tsMs < b.tsMs || (a.tsMs === b.tsMs && a.id < b.id);

const isRepeat = ({ interaction, previous }: Gap, next: Neighbour) =>
  next.itemId === interaction.itemId || next.itemId === previous?.itemId;
