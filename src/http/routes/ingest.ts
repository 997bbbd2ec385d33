/** The event routes: a body becomes events, events become plans, and one transaction stores them. */

import { planOptions } from "../../config/plan-options.ts";
import { newEventId } from "../../core/ids.ts";
import { ok } from "../../core/result.ts";
import { bodyHash } from "../../events/body-hash.ts";
import type { Parsed } from "../../events/field.ts";
import type { AnyEvent } from "../../events/model.ts";
import { planEvent } from "../../events/plan.ts";
import type { IngestOutcome, IngestPlan } from "../../events/ports.ts";
import {
  type ParseContext,
  parseBatch,
  parseDirectEvent,
  parseImpression,
  parseWatch,
} from "../../events/schemas.ts";
import { readJson } from "../body.ts";
import { DEADLINE_EXCEEDED, EVENT_CONFLICT, invalid, TOO_LARGE } from "../errors.ts";
import { json } from "../reply.ts";
import type { Call, Headers, Outcome, Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

const BACKBONE_MODE = "transactional_outbox";
const CONFLICT_HEADERS: Headers = { "X-Event-Conflict": "true" };

type Handle = Route["handle"];
type Parse<E> = (body: unknown, context: ParseContext) => Parsed<E>;
type Answer<E> = (event: E, accepted: boolean) => object;

export function ingestHandlers(
  services: HttpServices,
): Record<"event" | "impression" | "watch" | "batch", Handle> {
  const { featureUpdateMode } = services.config.ingest;
  const status = (accepted: boolean) => (accepted ? "ok" : "duplicate");
  return {
    event: single(services, parseDirectEvent, (event, accepted) => ({
      status: status(accepted),
      event_id: event.eventId,
    })),
    impression: single(services, parseImpression, (event, accepted) => ({
      status: status(accepted),
      inserted_rows: accepted ? event.items.length : 0,
      event_backbone_mode: BACKBONE_MODE,
      outbox_enqueued: accepted,
    })),
    watch: single(services, parseWatch, (_event, accepted) => ({
      status: status(accepted),
      feature_update_mode: featureUpdateMode,
      feature_updated: false,
      event_backbone_mode: BACKBONE_MODE,
      outbox_enqueued: accepted,
    })),
    batch: batch(services),
  };
}

function single<E extends AnyEvent>(services: HttpServices, parse: Parse<E>, answer: Answer<E>): Handle {
  const accept = acceptor(services, (body, context) => {
    const parsed = parse(body, context);
    return parsed.ok ? ok([parsed.value]) : parsed;
  });
  const rejects = services.config.ingest.eventIdConflictMode === "reject";
  return (call) =>
    accept(call, ([event], [outcome]) => {
      if (outcome === "conflict" && rejects) return EVENT_CONFLICT;
      const body = answer(event as E, outcome === "accepted");
      return json(200, body, outcome === "conflict" ? CONFLICT_HEADERS : undefined);
    });
}

/** Known events are skipped whatever their body: the others are stored, so the call as a whole is no conflict. */
function batch(services: HttpServices): Handle {
  const accept = acceptor(services, parseBatch);
  return (call) =>
    accept(call, (events, outcomes) => {
      const accepted = outcomes.filter((outcome) => outcome === "accepted").length;
      const body = {
        status: "ok",
        count: events.length,
        inserted_events: accepted,
        event_backbone_mode: BACKBONE_MODE,
        outbox_enqueued: accepted,
        feature_update_mode: services.config.ingest.featureUpdateMode,
      };
      return json(200, body, outcomes.includes("conflict") ? CONFLICT_HEADERS : undefined);
    });
}

/** What every event route does: read, parse, plan, commit, and answer from the outcomes. */
function acceptor<E extends AnyEvent>(services: HttpServices, parse: Parse<readonly E[]>) {
  const { config, clock, random, ingest, metrics } = services;
  const planning = planOptions(config);
  const clicks = metrics.counter("recommendation_click_total", { source: "event" });
  const newId = () => newEventId(clock, random);
  const count = (event: E, outcome: IngestOutcome) => {
    if (outcome === "conflict") {
      metrics.counter("reco_event_id_conflicts_total", { event_type: event.kind }).inc();
    } else if (outcome === "accepted" && event.kind === "direct") {
      // Watches become interactions in the consumer and are counted there.
      metrics.counter("user_interaction_total", { interaction_type: event.signal }).inc();
      if (event.signal === "click") clicks.inc();
    }
  };
  return async (
    call: Call,
    answer: (events: readonly E[], outcomes: readonly IngestOutcome[]) => Outcome,
  ): Promise<Outcome> => {
    const body = await readJson(call, config.http.maxBodyBytes);
    if (!body.ok) return body.error;
    const parsed = parse(body.value, { nowMs: clock.nowMs(), limits: config.ingest, newEventId: newId });
    if (!parsed.ok) return invalid(parsed.error);
    const events = parsed.value;
    call.userId = events.length === 1 ? (events[0]?.userId ?? null) : null;
    const plans: IngestPlan[] = [];
    for (const event of events) {
      const plan = planEvent(event, bodyHash(event), planning);
      if (!plan.ok) return TOO_LARGE;
      plans.push(plan.value);
    }
    if (call.deadline.expired) return DEADLINE_EXCEEDED;
    const outcomes = await ingest.accept(plans, call.deadline);
    for (const [index, outcome] of outcomes.entries()) count(events[index] as E, outcome);
    return answer(events, outcomes);
  };
}
