/** Whether the machine is quiet enough for what is measured to be worth anything. */

import { runLoad } from "../load/plan.ts";
import { Server } from "./server.ts";

/** Below this a server that does nothing else did not get its core, and every ratio would look too good. */
export const NOOP_BUSY = 0.9;
const CONNECTIONS = 32;

/** Share of a core that the bare server gets under the most load. */
export async function noopBusy(): Promise<number> {
  await using noop = await Server.noop();
  const { threads } = await runLoad({
    port: noop.port,
    connections: CONNECTIONS,
    request: { kind: "reco", users: 1, autolog: false },
    ratePerSec: null,
    warmUpMs: 1_000,
    measureMs: 2_000,
    pids: [noop.pid],
  });
  return noop.httpThreads(threads)[0]?.busy ?? 0;
}
