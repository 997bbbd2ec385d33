/** Decides which windows the verifier may judge: pure. */

import type { Config } from "../config/config.ts";
import { ledgerKeepMs } from "../stores/postgres/maintenance.ts";
import { MIN_EVENTS_DAYS } from "../stores/postgres/maintenance-facts.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How long each table keeps its rows, in ms; `Infinity`: for ever. */
export interface Retentions {
  readonly outboxMs: number;
  readonly ledgerMs: number;
  readonly markersMs: number;
  /** By arrival. */
  readonly factsMs: number;
  /** By event time. */
  readonly eventsMs: number;
  readonly maxEventAgeMs: number;
}

/** What consumers have passed, in ms since 1970 by the store's clock. */
export interface Passed {
  /** All that was published earlier was consumed, or can no longer be. */
  readonly publishedMs: number;
  /** All that was acknowledged earlier was published, or is dead. */
  readonly acknowledgedMs: number;
}

/** From the first up to, and without, the last; empty when the last is not later. */
export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

export function retentionsOf(config: Pick<Config, "outbox" | "ingest" | "retention">): Retentions {
  const { outbox, ingest, retention } = config;
  const factsMs = retention.factDays > 0 ? retention.factDays * DAY_MS : Number.POSITIVE_INFINITY;
  return {
    outboxMs: outbox.retentionHours * HOUR_MS,
    ledgerMs: ledgerKeepMs(ingest),
    markersMs: retention.consumedDays * DAY_MS,
    factsMs,
    eventsMs: Math.max(factsMs, MIN_EVENTS_DAYS * DAY_MS),
    maxEventAgeMs: ingest.maxEventAgeMs,
  };
}

/** Room for rounds that take long, and for clocks that are set. */
const MARGIN_MS = 3_600_000;
/** A purge and a search tell the time at different moments. */
const PURGE_MARGIN_MS = 60_000;
export const MIN_WIDTH_MS = 1_000;
const MAX_WIDTH_MS = 86_400_000;
/** A search that takes longer narrows its window, one that takes a quarter of it widens it. */
const SLOW_MS = 400;

/** Beyond these, retention may have removed what the look-ups would have to find. */
export function horizonsAt(nowMs: number, { eventsMs, maxEventAgeMs }: Retentions) {
  const eventsFromMs = Number.isFinite(eventsMs) ? nowMs - eventsMs + MARGIN_MS : 0;
  return { eventsFromMs, directFromMs: eventsFromMs === 0 ? 0 : eventsFromMs + maxEventAgeMs };
}

/**
 * What of the ledger can be judged. An outbox row that is missing was lost, or published and purged; whoever published
 * it did so more than the outbox's retention ago, so the two differ once consumers have passed that time.
 */
export function acknowledgedRange(nowMs: number, passed: Passed, keep: Retentions, sinceMs: number): Range {
  const keptFromMs = nowMs - Math.min(keep.ledgerMs, keep.markersMs, keep.factsMs) + MARGIN_MS;
  const purgedBeforeMs = nowMs - keep.outboxMs + PURGE_MARGIN_MS;
  const decidableFromMs = passed.publishedMs > purgedBeforeMs ? keptFromMs : purgedBeforeMs;
  return { fromMs: Math.max(sinceMs, keptFromMs, decidableFromMs), toMs: passed.acknowledgedMs };
}

export function publishedRange(nowMs: number, passed: Passed, keep: Retentions, sinceMs: number): Range {
  const keptFromMs = nowMs - Math.min(keep.markersMs, keep.factsMs) + MARGIN_MS;
  return { fromMs: Math.max(sinceMs, keptFromMs), toMs: passed.publishedMs };
}

/** `tookMs`: null for a search that was not finished. */
export function nextWidthMs(widthMs: number, tookMs: number | null): number {
  if (tookMs === null) return Math.max(MIN_WIDTH_MS, Math.floor(widthMs / 8));
  if (tookMs > SLOW_MS) return Math.max(MIN_WIDTH_MS, Math.floor(widthMs / 2));
  return tookMs < SLOW_MS / 4 ? Math.min(MAX_WIDTH_MS, widthMs * 2) : widthMs;
}
