/** A steady trickle of events beside a measurement. */

import { ITEMS, USERS } from "../data/names.ts";
import { startLoad } from "../load/plan.ts";

const PER_SEC = 100;
const CONNECTIONS = 2;
const LONGEST_MS = 600_000;
/** For the generator to start. */
const LEAD_MS = 500;

/** Runs `measure` while random users' events arrive at `port`, or without any for null. */
export async function withEvents<T>(port: number | null, measure: () => Promise<T>): Promise<T> {
  if (port === null) return measure();
  const events = startLoad({
    port,
    connections: CONNECTIONS,
    request: { kind: "event", users: USERS, items: ITEMS },
    ratePerSec: PER_SEC,
    warmUpMs: 0,
    measureMs: LONGEST_MS,
    pids: [],
  });
  try {
    await Bun.sleep(LEAD_MS);
    return await measure();
  } finally {
    events.stop();
    const { statuses } = await events.result;
    const refused = Object.keys(statuses).filter((status) => status !== "200");
    if (refused.length > 0)
      console.error(`events beside the measurement were answered ${refused.join(", ")}`);
  }
}
