/** The words of the document about the recommendation routes. */

import { boolField, type JsonSchema } from "../../events/field.ts";
import { boostField, filterField } from "../expression-fields.ts";
import { pageCursorField } from "../page-cursor.ts";
import {
  EXCLUDE_MAX_IDS,
  itemIdField,
  kField,
  RECO_DEFAULT_K,
  sessionIdField,
  surfaceField,
  userIdField,
} from "../reco-query.ts";
import { RECOMMEND_DEFAULT_K } from "../routes/recommend.ts";
import type { Operation, Parameter } from "./operation.ts";
import { errorAnswer, jsonAnswer, validationError } from "./responses.ts";
import { list, ref } from "./schema.ts";

const FILTER =
  "A boolean CEL expression over `item` and `user.attributes` without macros; items for which it is not true, or " +
  "raises, are left out.";
const BOOST =
  "A CEL expression that gives a factor for an item's score, taken within 0.1 to 10; 1 where it raises. Not for `rules-v1`.";

const POLICY_HEADERS = ["X-Reco-Variant", "X-Reco-Policy", "X-Reco-Degraded"];

function query(name: string, schema: JsonSchema, about: Partial<Parameter> = {}): Parameter {
  return { in: "query", name, schema, ...about };
}
const withDefault = (schema: JsonSchema, value: unknown): JsonSchema => ({ ...schema, default: value });

const userId = query("user_id", userIdField.schema, {
  required: true,
  description: "A guest is `session:<session_id>` by convention.",
});

export const RECO_OPERATIONS = {
  reco: {
    tag: "recommendations",
    summary: "Recommend items to a user in a session",
    description:
      "Ranks candidates and logs the answer as one impression. A store failure lowers the answer step by step, " +
      "down to an empty list, and is named in X-Reco-Degraded; it is never an error.",
    parameters: [
      userId,
      query("session_id", sessionIdField.schema, { required: true }),
      query("k", withDefault(kField.schema, RECO_DEFAULT_K), { description: "Longest list." }),
      query("x_autolog_impressions", withDefault(boolField.schema, true), {
        description: "Whether the answer is logged as shown.",
      }),
      query(
        "exclude",
        { ...list(itemIdField.schema), maxItems: EXCLUDE_MAX_IDS },
        {
          description:
            "Items not to show; may be repeated, and each value may be several ids with commas between.",
        },
      ),
      query("filter", filterField.schema, { description: FILTER }),
      query("boost", boostField.schema, { description: BOOST }),
      query("surface", withDefault(surfaceField.schema, "default"), { description: "Names the placement." }),
      query("details", withDefault(boolField.schema, false), {
        description: "Adds scores, sources, propensities, and the cursor of the next page.",
      }),
      query("cursor", pageCursorField.schema, {
        description:
          "`details.cursor` of the page before: goes on in the same ranked list, which is kept for five minutes. " +
          "user_id, session_id, filter and boost must be those of the first page; k and exclude may change.",
      }),
      {
        in: "header",
        name: "User-Agent",
        schema: { type: "string" },
        description: "Its first 512 characters are stored in the impression's context.",
      },
    ],
    answers: [jsonAnswer("The slate, best first.", ref("RecoAnswer"), ...POLICY_HEADERS), validationError()],
  },
  recommendMany: {
    tag: "recommendations",
    summary: "Recommend items to up to 32 users",
    description:
      "As GET /reco for each, by one deadline for all; events of the running session may come along and are not " +
      "stored. Logs nothing. Filter and boost hold for every user.",
    body: "RecommendBody",
    answers: [
      jsonAnswer("One result for each user, in their order.", ref("RecommendResults"), "X-Reco-Degraded"),
      errorAnswer(415, ["unsupported_media_type"]),
      validationError(),
    ],
  },
  recommend: {
    tag: "recommendations",
    summary: "Recommend items to a user",
    description: "What followed the user's newest item, then what is popular. Logs nothing.",
    parameters: [userId, query("k", withDefault(kField.schema, RECOMMEND_DEFAULT_K))],
    answers: [
      jsonAnswer("The list, best first.", ref("RecommendAnswer"), ...POLICY_HEADERS),
      validationError(),
    ],
  },
} as const satisfies Record<string, Operation>;
