/** Turns the fields of an import line into a planned event: the rules of HTTP ingest, for events of any age. */

import { createHash } from "node:crypto";
import type { EventId } from "../../core/ids.ts";
import { canonicalJson } from "../../core/json.ts";
import { err, type Result } from "../../core/result.ts";
import { bodyHash } from "../../events/body-hash.ts";
import type { Parsed } from "../../events/field.ts";
import type { AnyEvent } from "../../events/model.ts";
import { type PlanOptions, planEvent } from "../../events/plan.ts";
import type { IngestPlan } from "../../events/ports.ts";
import { type ParseContext, parseDirectEvent, parseImpression, parseWatch } from "../../events/schemas.ts";
import type { Fields } from "./sources.ts";

export interface EventRowOptions {
  readonly plan: PlanOptions;
  readonly nowMs: number;
  readonly maxEventFutureMs: number;
  /** Names the events that come without an `event_id`. */
  readonly idOf: (fields: Fields) => EventId;
}

/** A reader of lines: events by `event_type`, or by the fields only that kind has. */
export function eventRowParser(options: EventRowOptions): (fields: Fields) => Result<IngestPlan, string> {
  const { plan, nowMs, maxEventFutureMs, idOf } = options;
  const limits = { maxEventFutureMs, maxEventAgeMs: Number.POSITIVE_INFINITY, maxBatchSize: 1 };
  return (fields) => {
    const parsed = parseEvent(fields, { nowMs, limits, newEventId: () => idOf(fields) });
    if (!parsed.ok) return err(describeIssues(parsed.error));
    const planned = planEvent(parsed.value, bodyHash(parsed.value), plan);
    return planned.ok ? planned : err(`larger than ${plan.maxEventBytes} bytes`);
  };
}

function parseEvent(fields: Fields, context: ParseContext): Parsed<AnyEvent> {
  const type = fields["event_type"];
  if (type === "impression" || (type === undefined && fields["items"] !== undefined)) {
    return parseImpression(fields, context);
  }
  if (type === "watch" || (type === undefined && fields["watch_time_sec"] !== undefined)) {
    return parseWatch(fields, context);
  }
  return parseDirectEvent(fields, context);
}

/** Equal lines get equal ids, so that a repeated import counts nothing twice. */
export const hashedEventId = (fields: Fields) =>
  createHash("sha256").update(canonicalJson(fields)).digest("hex").slice(0, 32) as EventId;

type Issues = Extract<Parsed<unknown>, { ok: false }>["error"];

const describeIssues = (issues: Issues) =>
  issues.map(({ loc, msg }) => `${loc.slice(1).join(".")}: ${msg}`).join("; ");
