/** The rows that an event becomes, ready for a bare multi-row insert: what the ledger, the fact table and the outbox get. */

import { buildConfig } from "../../src/config/build-config.ts";
import { ROLES } from "../../src/config/config.ts";
import { parseValues } from "../../src/config/parse-values.ts";
import { planOptions } from "../../src/config/plan-options.ts";
import type { EventId, ItemId, RequestId, SessionId, UserId } from "../../src/core/ids.ts";
import { bodyHash } from "../../src/events/body-hash.ts";
import type { ImpressionEvent, LogEvent, WatchEvent } from "../../src/events/model.ts";
import { planEvent } from "../../src/events/plan.ts";
import type { IngestPlan } from "../../src/events/ports.ts";
import { numberArray, textArray } from "../../src/stores/postgres/array-literal.ts";
import { itemName, userName } from "../data/names.ts";

const PLANNING = planOptions(buildConfig(parseValues({ env: {} }).values, ROLES));
const SLATE = 20;
/** Cannot be part of an id. */
export const SEPARATOR = "\u001f";

type LoggedKind = LogEvent["kind"];

/** Columns of one row an item shown. */
interface ItemRows {
  readonly eventIds: string;
  readonly userIds: string;
  readonly items: string;
  readonly positions: string;
  readonly tsMs: string;
}

/** One batch as columns: array literals, made before the clock starts. */
export interface RawBatch {
  readonly size: number;
  readonly eventIds: string;
  readonly userIds: string;
  /** Of a watch its item, of an impression its items in order. */
  readonly items: string;
  readonly tsMs: string;
  readonly hashes: string;
  readonly topics: string;
  readonly payloads: string;
  readonly partitions: string;
  /** Null for watches. */
  readonly itemRows: ItemRows | null;
}

export function rawBatch(kind: LoggedKind, prefix: string, size: number): RawBatch {
  const plans = Array.from({ length: size }, (_, index) => planOf(kind, `${prefix}-${index}`));
  const texts = (pick: (plan: IngestPlan & { event: LogEvent }) => string) => textArray(plans.map(pick));
  return {
    size,
    eventIds: texts(({ event }) => event.eventId),
    userIds: texts(({ event }) => event.userId),
    items: texts(({ event }) =>
      event.kind === "watch" ? event.itemId : event.items.map(({ itemId }) => itemId).join(SEPARATOR),
    ),
    tsMs: numberArray(plans.map(({ event }) => event.tsMs)),
    hashes: texts(({ bodyHash: hash }) => Buffer.from(hash).toString("hex")),
    topics: texts(({ outbox }) => outbox?.topic ?? ""),
    payloads: texts(({ outbox }) => outbox?.payload ?? ""),
    partitions: numberArray(plans.map(({ outbox }) => outbox?.partition ?? 0)),
    itemRows: kind === "impression" ? itemRows(plans.map(({ event }) => event)) : null,
  };
}

function itemRows(events: readonly LogEvent[]): ItemRows {
  const rows = events.flatMap((event) =>
    event.kind === "impression"
      ? event.items.map(({ itemId, position }) => ({ event, itemId, position }))
      : [],
  );
  return {
    eventIds: textArray(rows.map(({ event }) => event.eventId)),
    userIds: textArray(rows.map(({ event }) => event.userId)),
    items: textArray(rows.map(({ itemId }) => itemId)),
    positions: numberArray(rows.map(({ position }) => position)),
    tsMs: numberArray(rows.map(({ event }) => event.tsMs)),
  };
}

function planOf(kind: LoggedKind, id: string): IngestPlan & { event: LogEvent } {
  const event = kind === "watch" ? aWatch(id) : anImpression(id);
  const plan = planEvent(event, bodyHash(event), PLANNING);
  if (!plan.ok) throw new Error("an event of the bench is too large");
  return { ...plan.value, event };
}

const anItem = () => itemName(Math.floor(10_000 * Math.random() ** 3)) as ItemId;

function common(id: string) {
  const nowMs = Date.now();
  return {
    eventId: id as EventId,
    userId: userName(Math.floor(50_000 * Math.random())) as UserId,
    sessionId: "s-1" as SessionId,
    requestId: "req_0192f1c07a5b7c3e9a4d1f2b3c4d5e6f" as RequestId,
    tsMs: nowMs,
    serverReceivedTsMs: nowMs,
  };
}

const aWatch = (id: string): WatchEvent => ({
  ...common(id),
  kind: "watch",
  context: null,
  itemId: anItem(),
  watchTimeSec: 60,
  percentWatched: 90,
  ended: null,
  playbackSpeed: null,
  rebufferCount: null,
});

const anImpression = (id: string): ImpressionEvent => ({
  ...common(id),
  kind: "impression",
  context: { user_agent: "reco-bench" },
  items: Array.from({ length: SLATE }, (_, position) => ({
    itemId: anItem(),
    position,
    feedId: null,
    slot: null,
  })),
});
