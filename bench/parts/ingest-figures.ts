/** What the rounds of the ingest part come to. */

import type { LoadResult } from "../load/plan.ts";
import { type Figure, figure } from "../support/figure.ts";

/** Of one /log/batch. */
export const EVENTS_A_BATCH = 100;

/** Of one round: bare inserts, and what reco took of the same events. */
export interface IngestRound {
  /** Events a second. */
  readonly raw: number;
  readonly single: LoadResult;
  readonly batch: LoadResult;
  readonly sustainedSingle: Sustained;
  readonly sustainedBatch: Sustained;
}

export interface Sustained {
  /** Events a second from the first to the last one's features. */
  readonly perSec: number;
  readonly acceptedPerSec: number;
  /** From the end of the load until nothing was under way. */
  readonly drainSeconds: number;
  readonly result: LoadResult;
}

export function ingestFigures(rounds: readonly IngestRound[]): Figure[] {
  const besideRaw = (pick: (round: IngestRound) => number) =>
    rounds.map((round) => ({ value: pick(round), reference: round.raw }));
  const raw = "bare inserts";
  return [
    figure(
      "POST /log/watch, 32 connections, pipeline paused",
      "events/s",
      raw,
      besideRaw(({ single }) => single.perSec),
      {
        of: "value",
        is: ">=",
        limit: 6_000,
      },
    ),
    figure(
      "POST /log/watch: p99, closed loop",
      "ms",
      "its p50",
      rounds.map(({ single }) => ({ value: single.latencyMs.p99, reference: single.latencyMs.p50 })),
      { of: "value", is: "<=", limit: 15 },
    ),
    figure(
      "POST /log/batch of 100, 8 connections, pipeline paused",
      "events/s",
      raw,
      besideRaw(({ batch }) => batch.perSec * EVENTS_A_BATCH),
      { of: "value", is: ">=", limit: 20_000 },
    ),
    figure(
      "/log/watch through the whole loop",
      "events/s",
      raw,
      besideRaw((round) => round.sustainedSingle.perSec),
      {
        of: "value",
        is: ">=",
        limit: 3_000,
      },
    ),
    figure(
      "/log/batch through the whole loop",
      "events/s",
      raw,
      besideRaw((round) => round.sustainedBatch.perSec),
      {
        of: "value",
        is: ">=",
        limit: 3_000,
      },
    ),
  ];
}
