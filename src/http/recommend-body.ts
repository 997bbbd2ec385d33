/** Reads the body of POST /recommend. */

import { err, ok } from "../core/result.ts";
import { listField, nullable, objectField, refined, required } from "../events/composite-field.ts";
import { boolField, type Field, type JsonSchema, literalField, type Parsed } from "../events/field.ts";
import { collect, type Issue, under, valueError } from "../events/issue.ts";
import { SIGNAL_WEIGHT } from "../events/model.ts";
import type { IngestLimits } from "../events/schemas.ts";
import { instantField } from "../events/time-window.ts";
import type { ProfileEntry } from "../recommend/ports.ts";
import type { RecoRequest } from "../recommend/recommender.ts";
import { boostField, filterField } from "./expression-fields.ts";
import {
  DEFAULT_SURFACE,
  EXCLUDE_MAX_IDS,
  itemIdField,
  kField,
  sessionIdField,
  surfaceField,
  userIdField,
} from "./reco-query.ts";

export const RECOMMEND_MAX_USERS = 32;
const SESSION_MAX_EVENTS = 50;
const DEFAULT_K = 10;

const excludeField = listField(itemIdField, { min: 0, max: EXCLUDE_MAX_IDS });
const sessionEventField = objectField({
  item_id: required(itemIdField),
  event_type: nullable(literalField("view", "click", "purchase")),
  ts: nullable(instantField("ts")),
});
const userField = objectField({
  user_id: required(userIdField),
  session_id: nullable(sessionIdField),
  session_events: nullable(listField(sessionEventField, { min: 0, max: SESSION_MAX_EVENTS })),
  exclude: nullable(excludeField),
});
type User = ValueOf<typeof userField>;
type ValueOf<F> = F extends Field<infer T> ? T : never;

const bodyField = objectField({
  users: required(refined(listField(userField, { min: 1, max: RECOMMEND_MAX_USERS }), distinctUsers)),
  exclude: nullable(excludeField),
  filter: nullable(filterField),
  boost: nullable(boostField),
  surface: nullable(surfaceField),
  k: nullable(kField),
  details: nullable(boolField),
});

export const RECOMMEND_BODY_SCHEMA: JsonSchema = bodyField.schema;

export interface RecommendBody {
  /** In the order sent. */
  readonly requests: readonly RecoRequest[];
  readonly details: boolean;
}

export function parseRecommendBody(
  body: unknown,
  nowMs: number,
  limits: IngestLimits,
): Parsed<RecommendBody> {
  const { maxEventFutureMs, maxEventAgeMs } = limits;
  const parsed = bodyField.read(body, { nowMs, maxEventFutureMs, maxEventAgeMs });
  if (!parsed.ok) return err(under(["body"], parsed.error));
  const { users, exclude, filter, boost, k, details, surface } = parsed.value;
  const requests = users.map((user) => ({
    userId: user.user_id,
    sessionId: user.session_id,
    k: k ?? DEFAULT_K,
    exclude: new Set<string>([...(exclude ?? []), ...(user.exclude ?? [])]),
    sessionEvents: sessionEventsOf(user, nowMs),
    filter,
    boost,
    surface: surface ?? DEFAULT_SURFACE,
  }));
  return ok({ requests, details: details ?? false });
}

/** A time to come counts as now; equal times keep the order sent. */
const sessionEventsOf = ({ session_events }: User, nowMs: number): readonly ProfileEntry[] =>
  (session_events ?? [])
    .map(({ item_id, event_type, ts }) => ({
      itemId: item_id,
      weight: SIGNAL_WEIGHT[event_type ?? "view"],
      tsMs: Math.min(ts ?? nowMs, nowMs),
    }))
    .sort((a, b) => a.tsMs - b.tsMs);

function distinctUsers(users: readonly User[]): Parsed<readonly User[]> {
  const seen = new Set<string>();
  const issues: Issue[] = [];
  for (const [index, { user_id }] of users.entries()) {
    if (seen.has(user_id)) {
      collect(issues, under([index, "user_id"], [valueError("must be unique in the call", user_id)]));
    }
    seen.add(user_id);
  }
  return issues.length === 0 ? ok(users) : err(issues);
}
