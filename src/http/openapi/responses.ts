/** Describes answers: their headers and the envelope of errors are the same everywhere. */

import type { JsonSchema } from "../../events/field.ts";
import { JSON_TYPE } from "../reply.ts";
import { ERROR_CODES, type ErrorCode } from "../route.ts";
import type { Described } from "./operation.ts";
import { object, oneOf, ref, STRING } from "./schema.ts";

const COMMON_HEADERS = [
  "X-Request-ID",
  "X-Correlation-ID",
  "X-Response-Time",
  "X-Content-Type-Options",
  "X-Frame-Options",
  "Referrer-Policy",
  "Cache-Control",
  "Content-Security-Policy",
  "Permissions-Policy",
  "Strict-Transport-Security",
];

/** Components that all responses refer to. */
export const HEADER_COMPONENTS: Readonly<Record<string, JsonSchema>> = {
  "X-Request-ID": header("The request's id: the client's own when it is usable, else a new one."),
  "X-Correlation-ID": header("The id of the larger action this request belongs to."),
  "X-Response-Time": header("Seconds from arrival to answer, 4 decimals."),
  ...Object.fromEntries(
    COMMON_HEADERS.slice(3).map((name) => [name, header("Fixed; tells browsers to be careful.")]),
  ),
  "Retry-After": header("Seconds to wait before a retry, with jitter."),
  Allow: header("The methods this path takes."),
  "X-Event-Conflict": header("`true`: an event id is known with another body; the first one stands."),
  "X-Reco-Variant": header("Which policy served: `primary`."),
  "X-Reco-Policy": header("Name of the policy."),
  "X-Reco-Degraded": header("`<cause>:<source>` when less than the full policy answered."),
};

export const ERROR_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Issue: object(
    {
      type: STRING,
      loc: { type: "array", items: { anyOf: [STRING, { type: "integer" }] } },
      msg: STRING,
      input: {},
    },
    { ctx: { type: "object" } },
  ),
  Error: {
    ...object({
      detail: {},
      error_code: oneOf(...ERROR_CODES),
      error: STRING,
      message: STRING,
      request_id: STRING,
      trace_id: STRING,
    }),
    description: "The one body of every error; `error` and `message` hold the same text.",
  },
};

export function jsonAnswer(
  description: string,
  schema: JsonSchema,
  ...headers: readonly string[]
): Described {
  return answer(200, description, { [JSON_TYPE]: { schema } }, headers);
}

/** An answer that is not JSON. */
export function textAnswer(description: string, contentType: string): Described {
  return answer(200, description, { [contentType]: { schema: STRING } }, []);
}

/** 204. */
export const emptyAnswer = (description: string): Described => answer(204, description, {}, []);

/** A status whose body is not the envelope. */
export function bareAnswer(status: number, description: string, schema: JsonSchema): Described {
  return answer(status, description, { [JSON_TYPE]: { schema } }, status === 503 ? ["Retry-After"] : []);
}

export function errorAnswer(status: number, codes: readonly ErrorCode[], detail: JsonSchema = {}): Described {
  const schema = {
    allOf: [ref("Error"), { properties: { error_code: { enum: codes }, detail } }],
  };
  const headers = status === 503 ? ["Retry-After"] : status === 405 ? ["Allow"] : [];
  return answer(status, codes.map((code) => `\`${code}\``).join(", "), { [JSON_TYPE]: { schema } }, headers);
}

export const validationError = (): Described =>
  errorAnswer(422, ["validation_error"], { type: "array", items: ref("Issue") });

function answer(status: number, description: string, content: JsonSchema, own: readonly string[]): Described {
  const headers = Object.fromEntries(
    [...COMMON_HEADERS, ...own].map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  );
  return [status, { description, headers, content }];
}

function header(description: string): JsonSchema {
  return { description, schema: STRING };
}
