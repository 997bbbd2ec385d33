/** What is shown of a ranked list, and the probabilities that it was shown with. */

import type { Clock } from "../core/clock.ts";
import { type ExplorationRules, type Explored, explore } from "./exploration.ts";
import type { RankedList } from "./ranked-list.ts";
import { pick, type Row } from "./refine.ts";

/** How a slate was explored: what `explore` was given, and what it said beside the slate. */
export interface Exploration extends Pick<Explored<string>, "propensities" | "drawn"> {
  /** SHA-256 in hex. */
  readonly seed: string;
  readonly rules: ExplorationRules;
  /** Item ids of the slate without exploration. */
  readonly greedy: readonly string[];
  /** Item ids that places were drawn from. */
  readonly pool: readonly string[];
}

export interface Slate {
  readonly list: RankedList;
  /** Of `list`, as they stood in the list that the slate was made of. */
  readonly rows: readonly Row[];
  /** Null where nothing was explored: every propensity is 1. */
  readonly exploration: Exploration | null;
  readonly explorationMs: number;
}

export interface SlateInput {
  readonly list: RankedList;
  /** The slate without exploration, and behind it what may be drawn. */
  readonly rows: readonly Row[];
  readonly k: number;
  readonly exploration: { readonly rules: ExplorationRules; readonly seed: string } | null;
  readonly clock: Pick<Clock, "monotonicMs">;
}

export function makeSlate({ list, rows, k, exploration, clock }: SlateInput): Slate {
  const greedy = rows.slice(0, k);
  if (exploration === null) {
    return { list: pick(list, greedy), rows: greedy, exploration: null, explorationMs: 0 };
  }
  const startedMs = clock.monotonicMs();
  const pool = rows.slice(k);
  const { slate, propensities, drawn } = explore({ greedy, pool, ...exploration });
  const idsOf = (chosen: readonly Row[]) => chosen.map(({ place }) => list.itemIds[place] as string);
  return {
    list: pick(list, slate),
    rows: slate,
    exploration: { ...exploration, propensities, drawn, greedy: idsOf(greedy), pool: idsOf(pool) },
    explorationMs: clock.monotonicMs() - startedMs,
  };
}
