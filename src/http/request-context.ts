/** What a call tells of where its answer is shown. */

import type { JsonSchema } from "../events/field.ts";
import { object, oneOf, orNull, STRING } from "./openapi/schema.ts";

export interface RequestContext {
  readonly source: string;
  readonly device_type: (typeof DEVICE_TYPES)[number];
  readonly locale: string | null;
  readonly client_app: string | null;
}

const DEVICE_TYPES = ["tablet", "mobile", "desktop", "unknown"] as const;
export const SOURCE_HEADER = "X-Recommend-Source";
export const CLIENT_APP_HEADER = "X-Client-App";
const UNKNOWN = "unknown";
/** Callers' own words, which go into answers and logs. */
const MAX_CHARACTERS = 64;

export const REQUEST_CONTEXT_SCHEMA: JsonSchema = object({
  source: STRING,
  device_type: oneOf(...DEVICE_TYPES),
  locale: orNull(STRING),
  client_app: orNull(STRING),
});

/** `source` is that of the query, if it has one; the header comes before it. */
export function readContext(headers: Headers, source: string | null): RequestContext {
  return {
    source: words(headers.get(SOURCE_HEADER)) ?? words(source) ?? UNKNOWN,
    device_type: deviceOf(headers.get("user-agent") ?? ""),
    locale: words(headers.get("accept-language")?.split(/[,;]/)[0]),
    client_app: words(headers.get(CLIENT_APP_HEADER)),
  };
}

const words = (text: string | null | undefined): string | null =>
  Array.from(text?.trim() ?? "")
    .slice(0, MAX_CHARACTERS)
    .join("") || null;

/** Tablets of one maker say that they are mobile, of another that they are Android and nothing else. */
function deviceOf(userAgent: string): RequestContext["device_type"] {
  if (userAgent.trim() === "") return "unknown";
  if (/ipad|tablet|android(?!.*mobi)/i.test(userAgent)) return "tablet";
  return /mobi|iphone|ipod/i.test(userAgent) ? "mobile" : "desktop";
}
