/** Reads what the checks need to know out of a database URL. */

import { isIP } from "node:net";

export interface DatabaseTarget {
  readonly host: string;
  readonly user: string;
  readonly database: string;
  readonly password: string;
  /** True when the connection is refused without TLS. */
  readonly requiresTls: boolean;
}

/** Null when `url` is not a PostgreSQL URL. */
export function parseDatabaseUrl(url: string): DatabaseTarget | null {
  if (!URL.canParse(url)) return null;
  const parsed = new URL(url);
  if (parsed.protocol !== "postgres:" && parsed.protocol !== "postgresql:") return null;
  const parameters = parsed.searchParams;
  return {
    host: (parameters.get("host") ?? parsed.hostname).replace(/^\[|\]$/g, ""),
    user: decode(parsed.username),
    database: decode(parsed.pathname.slice(1)),
    password: decode(parsed.password) || (parameters.get("password") ?? ""),
    requiresTls: /^(require|verify-ca|verify-full)$/.test(
      parameters.get("sslmode") ?? parameters.get("ssl") ?? "",
    ),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A bare % stands for itself.
  }
}

const PRIVATE_IPV4 =
  /^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/;
const PRIVATE_IPV6 = /^(::1$|f[cd]|fe[89ab])/i;
const PRIVATE_SUFFIX = /\.(local|internal|lan|home\.arpa|svc|cluster\.local)$/i;

/** False for socket paths, loopback and private addresses, and names without a public suffix. */
export function isPublicHost(host: string): boolean {
  if (host === "" || host.startsWith("/")) return false;
  const version = isIP(host);
  if (version === 4) return !PRIVATE_IPV4.test(host);
  if (version === 6) return !PRIVATE_IPV6.test(host);
  return host.includes(".") && !PRIVATE_SUFFIX.test(host);
}
