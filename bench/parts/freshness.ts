/**
 * How soon an acknowledged event is in the next answer: in the worker that took it, in another worker of the tree, and,
 * for a watch, in the stored features at the end of the whole loop. The reference is the acknowledgement itself.
 */

import { withEvents } from "../support/background-events.ts";
import { type Bar, type Figure, figure } from "../support/figure.ts";
import { type EventKind, type FreshnessSample, freshnessSamples } from "../support/freshness-samples.ts";
import { withFreshnessTree } from "../support/freshness-tree.ts";
import type { PartOptions, PartResult } from "../support/part.ts";
import { percentile } from "../support/statistics.ts";
import { openStore } from "../support/store.ts";

const SAMPLES_A_ROUND = 100;
const BACKGROUND = { kind: "event", perSec: 100, connections: 2 } as const;

export async function freshness(options: PartOptions): Promise<PartResult> {
  await using store = await openStore();
  const rounds: (readonly FreshnessSample[])[] = [];
  await withFreshnessTree(store, {}, ({ port, clients }) =>
    withEvents(port, BACKGROUND, async () => {
      for (let round = 0; round < options.rounds; round++) {
        rounds.push(await freshnessSamples(store, clients, ["event", "watch"], SAMPLES_A_ROUND));
      }
    }),
  );
  const stale = rounds.flat().reduce((sum, { staleAnswers }) => sum + staleAnswers, 0);
  return {
    figures: [...freshnessFigures("event", rounds, 50), ...freshnessFigures("watch", rounds, 50)],
    rounds,
    refused: stale > 0 ? [`${stale} answers of the same worker did not know an acknowledged event`] : [],
  };
}

/** `otherLimit`: the longest that another worker may take, in ms. */
export function freshnessFigures(
  kind: EventKind,
  rounds: readonly (readonly FreshnessSample[])[],
  otherLimit: number,
): Figure[] {
  const p99 = (what: string, pick: (each: FreshnessSample) => number, bar: Bar | null) =>
    figure(
      `${kind}: ${what}, p99`,
      "ms",
      "its acknowledgement, p99",
      rounds.map((samples) => {
        const own = samples.filter((each) => each.kind === kind);
        return {
          value: percentile(own.map(pick), 99),
          reference: percentile(
            own.map((each) => each.acknowledged),
            99,
          ),
        };
      }),
      bar,
    );
  const within = (limit: number): Bar => ({ of: "value", is: "<=", limit });
  return [
    p99("next answer of the same worker", ({ sameWorker }) => sameWorker, null),
    p99("next answer of another worker", ({ otherWorker }) => otherWorker, within(otherLimit)),
    p99("stored features", ({ stored }) => stored, within(250)),
  ];
}
