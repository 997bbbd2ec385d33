/** The bodies of answers about served slates, as fragments of the OpenAPI document. */

import type { JsonSchema } from "../../events/field.ts";
import {
  BOOLEAN,
  each,
  INTEGER,
  list,
  NUMBER,
  object,
  oneOf,
  orNull,
  ref,
  STRING,
  STRINGS,
} from "./schema.ts";

const slateItem = {
  item_id: STRING,
  position: INTEGER,
  score: NUMBER,
  propensity: NUMBER,
  explored: BOOLEAN,
  sources: list(object({ name: STRING, score: NUMBER })),
};

const slate = {
  ...each(["request_id", "served_at"], STRING),
  request: object({
    ...each(["user_id", "session_id", "surface"], STRING),
    k: INTEGER,
    exclude: STRINGS,
    ...each(["filter", "boost"], orNull(STRING)),
  }),
  ...each(["policy", "model_version", "variant", "strategy"], STRING),
  ...each(["degraded", "seed"], orNull(STRING)),
  features: oneOf("kept", "missing", "truncated"),
  features_truncated: BOOLEAN,
};

const verdict = (name: string, members: Readonly<Record<string, JsonSchema>> = {}): JsonSchema =>
  object({ request_id: STRING, item_id: STRING, verdict: oneOf(name), ...members });
const standing = { score: NUMBER, rank: INTEGER, last_shown_score: orNull(NUMBER) };

export const SLATE_ANSWERS: Readonly<Record<string, JsonSchema>> = {
  Slate: object({ ...slate, items: list(object(slateItem)) }),
  SlateExplanation: object({
    ...slate,
    profile: orNull(object({ recent: STRINGS, signal_weights: orNull(list(NUMBER)), is_guest: BOOLEAN })),
    candidates: orNull(INTEGER),
    items: list(
      object({
        ...slateItem,
        contributions: orNull(
          list(object({ name: STRING, ...each(["raw", "normalised", "weight", "contribution"], NUMBER) })),
        ),
        boost_factor: orNull(NUMBER),
        diversity: orNull(object({ rank: INTEGER, position: orNull(INTEGER) })),
      }),
    ),
  }),
  WhyNot: {
    anyOf: [
      verdict("shown", { position: INTEGER, score: NUMBER, propensity: NUMBER }),
      verdict("unknown_item"),
      verdict("not_retrieved", {
        sources: list(object({ name: STRING, best_rank: orNull(INTEGER), candidates: INTEGER })),
      }),
      verdict("seen", { interactions_ago: orNull(INTEGER) }),
      verdict("hidden", { by: oneOf("user", "catalogue") }),
      verdict("excluded"),
      verdict("filtered", {
        expression: STRING,
        item: orNull({ type: "object" }),
        user: orNull({ type: "object" }),
      }),
      verdict("capped", {
        cap: oneOf("max_per_author", "max_per_category"),
        value: STRING,
        ...each(["limit", "count"], INTEGER),
      }),
      verdict("outranked", standing),
      verdict("replaced_by_diversity", standing),
      verdict("replaced_by_exploration", { position: INTEGER, by: STRING }),
    ],
  },
  ReplayedItem: object({ item_id: STRING, score: NUMBER, propensity: NUMBER }),
  SlateReplay: object({
    identical: BOOLEAN,
    ...each(["stored", "replayed"], list(ref("ReplayedItem"))),
    differences: list(
      object({ position: INTEGER, ...each(["stored", "replayed"], orNull(ref("ReplayedItem"))) }),
    ),
  }),
};
