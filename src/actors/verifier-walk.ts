/** Walks over one range of the past in windows that are as wide as the store can search in time. */

import type { Clock } from "../core/clock.ts";
import type { Deadline } from "../core/deadline.ts";
import { StoreUnavailableError } from "../core/errors.ts";
import type { Horizons } from "../stores/postgres/verifier-search.ts";
import type { CursorName, VerifierStore } from "../stores/postgres/verifier-store.ts";
import { MIN_WIDTH_MS, nextWidthMs, type Range } from "./verifier-decide.ts";

export interface WalkPorts {
  readonly store: VerifierStore;
  readonly clock: Clock;
  /** Findings kept at most; with so many the walks wait. */
  readonly maxFindings: number;
}

export interface Walk {
  readonly name: CursorName;
  /** Of the first window. */
  readonly widthMs: number;
  readonly range: Range;
  /** Where it goes on after the end of its range; null: there. */
  readonly wrapToMs: number | null;
  readonly horizons: Horizons;
  /** How long it may begin new windows. */
  readonly budgetMs: number;
}

/** Longer than the store lets a statement be. */
const SEARCH_TIMEOUT_MS = 4_000;

/**
 * Answers how far it came: to the end of the range, of its time, or of the room for findings. Findings, position and
 * width are stored window by window, so that a failure takes back nothing.
 */
export async function walkRange(ports: WalkPorts, walk: Walk, deadline: Deadline): Promise<number> {
  const { store, clock, maxFindings } = ports;
  const { name, range, wrapToMs, horizons } = walk;
  const budget = deadline.capped(walk.budgetMs);
  let positionMs = range.fromMs;
  let { widthMs } = walk;
  while (positionMs < range.toMs && !budget.expired) {
    const room = maxFindings - (await store.countFound(deadline));
    if (room <= 0) return positionMs;
    const window = { fromMs: positionMs, toMs: Math.min(range.toMs, positionMs + widthMs) };
    const startedMs = clock.monotonicMs();
    let found: Awaited<ReturnType<VerifierStore["search"]>>;
    try {
      found = await store.search(name, window, horizons, room, deadline.capped(SEARCH_TIMEOUT_MS));
    } catch (error) {
      if (!isTooSlow(error)) throw error;
      // Stored, so that neither the next round nor the next process tries again what was too much.
      const narrowerMs = nextWidthMs(widthMs, null);
      await store.record(name, { positionMs, widthMs: narrowerMs }, [], deadline);
      if (widthMs <= MIN_WIDTH_MS) throw error;
      widthMs = narrowerMs;
      continue;
    }
    // With the room used up this window may hold more; what was found before is not found again.
    if (found.length < room) positionMs = window.toMs;
    widthMs = nextWidthMs(widthMs, clock.monotonicMs() - startedMs);
    const next = positionMs === range.toMs && wrapToMs !== null ? wrapToMs : positionMs;
    await store.record(name, { positionMs: next, widthMs }, found, deadline);
  }
  return positionMs;
}

const isTooSlow = (error: unknown) =>
  error instanceof StoreUnavailableError && (error.reason === "contention" || error.reason === "timeout");
