/** What a route tells the OpenAPI document about itself. */

import type { JsonSchema } from "../../events/field.ts";

/** One answer of a route: its status and the OpenAPI response object. */
export type Described = readonly [status: number, response: JsonSchema];

export interface Parameter {
  readonly in: "path" | "query" | "header";
  readonly name: string;
  readonly schema: JsonSchema;
  readonly required?: boolean;
  readonly description?: string;
}

export interface Operation {
  readonly tag:
    | "events"
    | "recommendations"
    | "catalogue"
    | "users"
    | "models"
    | "slates"
    | "analytics"
    | "health"
    | "metrics"
    | "documentation";
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  /** Name of the body's schema. */
  readonly body?: string;
  /** The route's own answers; what the gates answer is added from the route's class. */
  readonly answers: readonly Described[];
}
