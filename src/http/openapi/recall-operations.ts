/** The words of the document about the catalogue routes. */

import type { JsonSchema } from "../../events/field.ts";
import {
  DEFAULT_TIMEFRAME,
  RECALL_DEFAULT_LIMIT,
  recallLimitField,
  TRENDING_DEFAULT_LIMIT,
  timeframeField,
  trendingLimitField,
} from "../recall-query.ts";
import { itemIdField, userIdField } from "../reco-query.ts";
import { CLIENT_APP_HEADER, SOURCE_HEADER } from "../request-context.ts";
import type { Described, Operation, Parameter } from "./operation.ts";
import { errorAnswer, jsonAnswer, validationError } from "./responses.ts";
import { ref, STRING } from "./schema.ts";

const POLICY_HEADERS = ["X-Reco-Variant", "X-Reco-Policy", "X-Reco-Degraded"];

const query = (name: string, schema: JsonSchema, description?: string): Parameter => ({
  in: "query",
  name,
  schema,
  ...(description && { description }),
});
const withDefault = (schema: JsonSchema, value: unknown): JsonSchema => ({ ...schema, default: value });

const datasetId: Parameter = {
  in: "path",
  name: "dataset_id",
  schema: itemIdField.schema,
  required: true,
  description: "The item that the answer stands beside.",
};
const limit = query("limit", withDefault(recallLimitField.schema, RECALL_DEFAULT_LIMIT), "Longest list.");
const context: readonly Parameter[] = [
  query(
    "source",
    STRING,
    `Where the answer is shown, such as \`search\` or \`home\`; ${SOURCE_HEADER} comes before it.`,
  ),
  { in: "header", name: SOURCE_HEADER, schema: STRING },
  { in: "header", name: CLIENT_APP_HEADER, schema: STRING },
  { in: "header", name: "User-Agent", schema: STRING, description: "Tells the type of the device." },
  { in: "header", name: "Accept-Language", schema: STRING, description: "Its first language is the locale." },
];
/** The gates' own 503 among them. */
const nothing: readonly Described[] = [
  errorAnswer(404, ["not_found"]),
  errorAnswer(503, ["nothing_to_serve", "service_shutting_down", "overloaded", "api_key_not_configured"]),
];
const LADDER =
  " When that fails, is late or finds nothing: the last good answer, what the run learned, or what is popular, named in " +
  "X-Reco-Degraded.";

export const RECALL_OPERATIONS = {
  similar: {
    tag: "recommendations",
    summary: "Recommend items like this one",
    description: `By what users did and what the catalogue says.${LADDER}`,
    parameters: [datasetId, limit, ...context],
    answers: [
      jsonAnswer("Items, best first.", ref("SimilarAnswer"), ...POLICY_HEADERS),
      ...nothing,
      validationError(),
    ],
  },
  detail: {
    tag: "recommendations",
    summary: "Recommend items on the page of this one",
    description:
      "As GET /similar, bent towards what the user did lately. Some places go to items drawn from the whole catalogue " +
      `(\`exploration\`).${LADDER}`,
    parameters: [datasetId, query("user_id", userIdField.schema), limit, ...context],
    answers: [
      jsonAnswer("Items, best first.", ref("DetailAnswer"), ...POLICY_HEADERS),
      ...nothing,
      validationError(),
    ],
  },
  trending: {
    tag: "recommendations",
    summary: "What many take at the moment",
    description: "By signals of the last hour or day: 1 for a view, 3 for a click or purchase.",
    parameters: [
      query("limit", withDefault(trendingLimitField.schema, TRENDING_DEFAULT_LIMIT), "Longest list."),
      query("timeframe", withDefault(timeframeField.schema, DEFAULT_TIMEFRAME)),
    ],
    answers: [
      jsonAnswer("Items, the most taken first.", ref("TrendingAnswer"), "X-Reco-Degraded"),
      ...nothing,
      validationError(),
    ],
  },
} as const satisfies Record<string, Operation>;
