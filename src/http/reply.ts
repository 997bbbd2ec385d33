/** Builds answers. */

import type { Headers, Reply } from "./route.ts";

export const JSON_TYPE = "application/json";
export const HTML_TYPE = "text/html; charset=utf-8";

export function json(status: number, body: unknown, headers?: Headers): Reply {
  return reply(status, JSON_TYPE, JSON.stringify(body), headers);
}

export function reply(
  status: number,
  contentType: string | null,
  body: Reply["body"],
  headers?: Headers,
): Reply {
  const base = { kind: "reply", status, contentType, body } as const;
  return headers === undefined ? base : { ...base, headers };
}

export const NO_CONTENT: Reply = reply(204, null, null);

/** As times are written in bodies: UTC with milliseconds. */
export const instant = (ms: number): string => new Date(ms).toISOString();

/** `value` rounded to 3 decimals, as latencies and percentages are shown. */
export function round3(value: number): number {
  // A large number has no decimals, and a thousand times it may be infinite.
  return Number.isInteger(value) ? value : Math.round(value * 1000) / 1000;
}
