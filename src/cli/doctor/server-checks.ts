/** Checks of the database server: version, clock, connections, encryption. */

import { connectionBudget } from "../../config/connection-budget.ts";
import { isPublicHost, parseDatabaseUrl } from "../../config/database-url.ts";
import { fail, pass, type Verdict, warn } from "./check.ts";
import type { StoreFacts } from "./store.ts";

const OLDEST_MAJOR = 15;
const NEWEST_MAJOR = 18;
const DOUBTFUL_SKEW_MS = 1_000;

export function judgeServer({ server }: Pick<StoreFacts, "server">): Verdict {
  const major = Math.floor(server.versionNumber / 10_000);
  const version = `PostgreSQL ${server.version.split(" ")[0]}`;
  const supported = `${OLDEST_MAJOR} to ${NEWEST_MAJOR} are supported`;
  if (major < OLDEST_MAJOR) return fail(`${version}: ${supported}`);
  if (server.readOnly) return fail(`${version} takes no writes: it is a standby or set to read-only`);
  return major > NEWEST_MAJOR ? warn(`${version}: ${supported}`) : pass(version);
}

/** Nodes judge the age of events by their own clocks, the store judges leases and retention by its own. */
export function judgeClock({
  config,
  skewMs,
  roundTripMs,
}: Pick<StoreFacts, "config" | "skewMs" | "roundTripMs">) {
  const certainMs = Math.max(0, Math.abs(skewMs) - roundTripMs / 2);
  const allowedMs = config.ingest.maxEventFutureMs;
  const side = skewMs > 0 ? "ahead of" : "behind";
  const detail = `the clock of the database is ${Math.round(Math.abs(skewMs))} ms ${side} this one`;
  if (certainMs >= allowedMs) {
    return fail(`${detail}: events that one node accepts are in the future for another; set both by NTP`);
  }
  return certainMs >= DOUBTFUL_SKEW_MS ? warn(`${detail}: set both by NTP`) : pass(detail);
}

export function judgeConnections({ config, server }: Pick<StoreFacts, "config" | "server">): Verdict {
  const needed = connectionBudget(config);
  const detail = `the pools of this tree may open ${needed} connections, the server grants ${server.connectionLimit}`;
  if (needed > server.connectionLimit) {
    return fail(`${detail}: lower DB_POOL_MAX_SIZE or the number of workers, or raise max_connections`);
  }
  return pass(detail);
}

/** Null for the embedded server, which listens on the loopback alone. */
export function judgeTls({ config, server }: Pick<StoreFacts, "config" | "server">): Verdict | null {
  const target = config.database.url === null ? null : parseDatabaseUrl(config.database.url);
  if (!target) return null;
  if (server.tls !== null) return pass(`the connection is encrypted with ${server.tls}`);
  if (isLocal(target.host)) return pass(`${target.host} is this machine`);
  const detail = `the connection to ${target.host} is not encrypted`;
  if (config.environmentClass !== "production") return pass(`${detail}; in production it should be`);
  return isPublicHost(target.host)
    ? fail(`${detail} and crosses public networks: set sslmode=require`)
    : warn(`${detail}: set sslmode=require`);
}

const isLocal = (host: string) => host === "" || host.startsWith("/") || /^(localhost|127\.|::1$)/.test(host);
