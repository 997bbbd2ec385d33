/** A steady trickle of events beside a measurement. */

import { ITEMS, USERS } from "../data/names.ts";
import { startLoad } from "../load/plan.ts";

const LONGEST_MS = 600_000;
/** For the generator to start. */
const LEAD_MS = 500;

export interface BackgroundEvents {
  readonly kind: "event" | "watch";
  readonly perSec: number;
  readonly connections: number;
}

/** Runs `measure` while random users' events arrive at `port`, or without any for null. */
export async function withEvents<T>(
  port: number | null,
  { kind, perSec, connections }: BackgroundEvents,
  measure: () => Promise<T>,
): Promise<T> {
  if (port === null) return measure();
  const events = startLoad({
    port,
    connections,
    request: { kind, users: USERS, items: ITEMS },
    ratePerSec: perSec,
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
