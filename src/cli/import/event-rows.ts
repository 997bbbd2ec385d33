/** Turns the fields of an import line into a planned event: the rules of HTTP ingest, without its time window. */

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

type Fields = Readonly<Record<string, unknown>>;

/**
 * A reader of lines: events by `event_type`, or by the fields only that kind has.
 * `idOf` names the events that come without an `event_id`.
 */
export function eventRowParser(
  plan: PlanOptions,
  nowMs: number,
  idOf: (fields: Fields) => EventId = derivedId,
): (fields: Fields) => Result<IngestPlan, string> {
  return (fields) => {
    const parsed = parseEvent(fields, {
      nowMs,
      limits: {
        maxEventFutureMs: Number.POSITIVE_INFINITY,
        maxEventAgeMs: Number.POSITIVE_INFINITY,
        maxBatchSize: 1,
      },
      newEventId: () => idOf(fields),
    });
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
const derivedId = (fields: Fields) =>
  createHash("sha256").update(canonicalJson(fields)).digest("hex").slice(0, 32) as EventId;

type Issues = Extract<Parsed<unknown>, { ok: false }>["error"];

const describeIssues = (issues: Issues) =>
  issues.map(({ loc, msg }) => `${loc.slice(1).join(".")}: ${msg}`).join("; ");
