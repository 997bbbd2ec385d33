/** Finds the path in a request's URL, with or without an origin in front of it. */

import { getPath } from "hono/utils/url";

// The server hands over the bare target where the Host header is absent, as HTTP/1.0 allows, or names no host.
// Looking for an origin there would find the path's second slash, and so another path than the one asked for.
const isBare = (url: string) => url.startsWith("/");

/** The path that routes are matched with: percent-encoding is decoded once, except `%25` and `%2F`. */
export function takenPath(request: Request): string {
  const { url } = request;
  return getPath(isBare(url) ? ({ url: `http://reco${url}` } as Request) : request);
}

/** The path as sent, still percent-encoded; `/` for a target that has none. */
export function sentPath(url: string): string {
  const start = isBare(url) ? 0 : url.indexOf("/", url.indexOf("://") + 3);
  if (start === -1) return "/";
  let end = start;
  while (end < url.length && url[end] !== "?" && url[end] !== "#") end++;
  return url.slice(start, end);
}
