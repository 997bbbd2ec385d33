/** Reads what the checks need to know out of a Redis URL. */

export interface RedisTarget {
  readonly host: string;
  readonly hasTls: boolean;
}

/** Null when `url` is not `redis://` or `rediss://` with a host, and at most a database number behind it. */
export function parseRedisUrl(url: string): RedisTarget | null {
  if (!URL.canParse(url)) return null;
  const { protocol, hostname, pathname } = new URL(url);
  if (!/^rediss?:$/.test(protocol) || hostname === "" || !/^(\/\d*)?$/.test(pathname)) return null;
  return { host: hostname.replace(/^\[|\]$/g, ""), hasTls: protocol === "rediss:" };
}
