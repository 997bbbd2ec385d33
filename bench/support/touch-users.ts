/** Brings every user, and so every item of a history, into a server's memory. */

import { USERS } from "../data/names.ts";
import { type LoadResult, runLoad } from "../load/plan.ts";

const CONNECTIONS = 4;
const LONGEST_MS = 300_000;

/** Asks for each user once, with few connections so that the store keeps up. */
export function touchAllUsers({
  port,
  pid,
}: {
  readonly port: number;
  readonly pid: number;
}): Promise<LoadResult> {
  return runLoad({
    port,
    connections: CONNECTIONS,
    request: { kind: "each-user", users: USERS },
    ratePerSec: null,
    warmUpMs: 0,
    measureMs: LONGEST_MS,
    requests: USERS,
    pids: [pid],
  });
}
