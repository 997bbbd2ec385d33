/** Generates the OpenAPI document from the route table. */

import { Hono } from "hono";
import {
  type DescribeRouteOptions,
  describeRoute,
  type GenerateSpecOptions,
  generateSpecs,
} from "hono-openapi";
import packageFile from "../../../package.json" with { type: "json" };
import { CATALOG_BODIES } from "../../catalog/item-fields.ts";
import type { Config } from "../../config/config.ts";
import { openApiSchemas } from "../../events/schemas.ts";
import { TIMEOUT_HEADER, timeoutField } from "../middleware/deadline.ts";
import { RECOMMEND_BODY_SCHEMA } from "../recommend-body.ts";
import { JSON_TYPE } from "../reply.ts";
import type { ErrorCode, Route } from "../route.ts";
import { MODEL_BODIES } from "../routes/models.ts";
import { SLATE_BODIES } from "../routes/slates.ts";
import { ANSWER_SCHEMAS } from "./answers.ts";
import type { Described, Parameter } from "./operation.ts";
import { ERROR_SCHEMAS, errorAnswer, HEADER_COMPONENTS } from "./responses.ts";
import { ref, STRING } from "./schema.ts";

type Documentation = GenerateSpecOptions["documentation"];

const DESCRIPTION = [
  "HEAD works on every GET route; OPTIONS answers 204 with `Allow`.",
  "An unknown path is 404 `not_found`, a wrong method 405 `method_not_allowed` with `Allow`.",
  "`x-auth` is P (public), C (a key with the scope in `x-scope`, unless the server runs in open mode) or A (a key, and " +
    "the admin key in `x-admin-key`; in open mode a caller on the same machine or in a private network).",
].join(" ");

const ID_PARAMETERS: readonly Parameter[] = ["X-Request-ID", "X-Correlation-ID"].map((name) => ({
  in: "header",
  name,
  schema: STRING,
  description: "8 to 128 of `A-Za-z0-9._:-`; anything else is ignored.",
}));

/** The document as JSON text. A throw-away app carries the descriptions, so that serving does without them. */
export async function openApiText(routes: readonly Route[], config: Config): Promise<string> {
  const app = new Hono();
  for (const route of routes) {
    app.on(route.method, route.path, describeRoute(describe(route)), (c) => c.body(null));
  }
  const documentation = {
    openapi: "3.1.0",
    info: { title: config.http.apiTitle, version: packageFile.version, description: DESCRIPTION },
    components: {
      schemas: {
        ...openApiSchemas(config.ingest),
        ...CATALOG_BODIES,
        ...MODEL_BODIES,
        ...SLATE_BODIES,
        RecommendBody: RECOMMEND_BODY_SCHEMA,
        ...ANSWER_SCHEMAS,
        ...ERROR_SCHEMAS,
      },
      headers: HEADER_COMPONENTS,
      securitySchemes: {
        ApiKey: { type: "apiKey", in: "header", name: "x-api-key" },
        AdminKey: { type: "apiKey", in: "header", name: "x-admin-key" },
      },
    },
  };
  const document = await generateSpecs(app, {
    documentation: documentation as unknown as Documentation,
    excludeStaticFile: false,
  });
  return JSON.stringify(document);
}

const SECURITY = { P: [], C: [{ ApiKey: [] }], A: [{ ApiKey: [], AdminKey: [] }] } as const;

function describe(route: Route): DescribeRouteOptions {
  const { operation } = route;
  const timed: readonly Parameter[] =
    route.admission === null ? [] : [{ in: "header", name: TIMEOUT_HEADER, schema: timeoutField.schema }];
  const description = {
    tags: [operation.tag],
    summary: operation.summary,
    description: operation.description,
    parameters: [...(operation.parameters ?? []), ...timed, ...ID_PARAMETERS],
    requestBody: operation.body && {
      required: true,
      content: { [JSON_TYPE]: { schema: ref(operation.body) } },
    },
    responses: Object.fromEntries([...gateAnswers(route), ...operation.answers]),
    security: SECURITY[route.auth],
    "x-auth": route.auth,
    "x-scope": route.scope,
  };
  return description as unknown as DescribeRouteOptions;
}

/** What the gates before the handler may answer on this route. */
function gateAnswers({ auth, admission, storeFailure, operation }: Route): Described[] {
  const keyed: readonly ErrorCode[] = auth === "P" ? [] : ["api_key_not_configured"];
  const stored: readonly ErrorCode[] = storeFailure === null ? [] : [storeFailure.code];
  const answers = [
    errorAnswer(400, ["invalid_content_length", "key_in_query"]),
    errorAnswer(413, ["payload_too_large"]),
    errorAnswer(500, ["internal_error"]),
  ];
  if (auth !== "P") answers.push(errorAnswer(401, ["unauthorized"]));
  if (auth === "A") answers.push(errorAnswer(403, ["forbidden"]));
  if (admission === null) return answers;
  // The timeout header alone can be wrong on routes that take no other input.
  const hasOwn422 = operation.answers.some(([status]) => status === 422);
  return [
    ...answers,
    ...(hasOwn422 ? [] : [errorAnswer(422, ["validation_error"])]),
    errorAnswer(503, ["service_shutting_down", "overloaded", ...keyed, ...stored]),
    errorAnswer(504, ["deadline_exceeded"]),
  ];
}
