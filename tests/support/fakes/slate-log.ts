/** Served slates with their watches in memory. */

import type { SlateLog, WatchOfSlate } from "../../../src/evaluation/ope/ports.ts";
import type { StoredSlate } from "../../../src/recommend/slates/slate.ts";

export interface LoggedWatch extends WatchOfSlate {
  readonly requestId: string;
  readonly tsMs: number;
}

const PAGE = 2;
const DAY_MS = 86_400_000;

export function fakeSlateLog(slates: readonly StoredSlate[], watches: readonly LoggedWatch[]): SlateLog {
  return {
    async read({ fromMs, toMs }, take) {
      const inRange = slates.filter(({ slate: { servedAtMs } }) => servedAtMs >= fromMs && servedAtMs < toMs);
      const pages = Array.from({ length: Math.ceil(inRange.length / PAGE) }, (_, page) =>
        inRange.slice(page * PAGE, (page + 1) * PAGE),
      );
      for (const page of pages) {
        const withOutcome = page.map((stored) => ({
          ...stored,
          watches: watches
            .filter(({ requestId }) => requestId === stored.slate.requestId)
            .filter(({ tsMs }) => Math.abs(tsMs - stored.slate.servedAtMs) < DAY_MS)
            .map(({ itemId, watchTimeSec, percentWatched }) => ({ itemId, watchTimeSec, percentWatched })),
        }));
        if (!take(withOutcome)) return;
      }
    },
  };
}
