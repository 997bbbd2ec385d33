/** The store actor: owns the embedded PostgreSQL server for as long as it lives itself. */

import type { Clock } from "../core/clock.ts";
import { type EmbeddedServer, startEmbedded } from "../stores/postgres/embedded.ts";
import { EmbeddedServerError } from "../stores/postgres/embedded-errors.ts";
import type { Actor, ActorContext } from "../supervisor/actor.ts";
import { refusal } from "./refusal.ts";
import type { EmbeddedStore } from "./tree.ts";

/** Answer to the survey question `store`. */
export interface StoreReport {
  readonly url: string;
  readonly port: number;
  /** The postmaster's. */
  readonly pid: number;
}

/** The rest of the actor's time to stop is for the immediate shutdown. */
const FAST_SHUTDOWN_MS = 2_000;
/** When the supervisor was killed, its other children need the server this long to give their leases back. */
const ORPHAN_GRACE_MS = 700;

/** Ready when the server accepts connections; a server that dies takes the actor with it, to be started anew. */
export async function start(context: ActorContext<EmbeddedStore>): Promise<Actor> {
  const server = await startOrGiveUp(context);
  let stopping = false;
  void server.exited.then((how) => {
    if (!stopping) context.fail(new Error(`PostgreSQL ended with ${how}: ${server.logTail().trim()}`));
  });
  const stop = async () => {
    stopping = true;
    if (process.connected === false) await context.clock.sleep(ORPHAN_GRACE_MS);
    await server.stop(FAST_SHUTDOWN_MS);
  };
  endWithProcess(server, context.clock);
  return {
    report(question) {
      const report: StoreReport = { url: server.url, port: server.port, pid: server.pid };
      return question === "store" ? report : undefined;
    },
    stop,
  };
}

async function startOrGiveUp({ args, clock }: ActorContext<EmbeddedStore>): Promise<EmbeddedServer> {
  try {
    return await startEmbedded({ ...args, clock });
  } catch (error) {
    if (!(error instanceof EmbeddedServerError) || error.problem === "start_failed") throw error;
    throw refusal(error);
  }
}

/**
 * Whatever way this process ends, the server is asked to stop first. Not even a kill -9 leaves it running on Linux,
 * where the kernel tells it of its parent's death; elsewhere the next start stops it.
 */
function endWithProcess(server: EmbeddedServer, clock: Clock): void {
  process.once("exit", () => server.stopNow());
  process.once("disconnect", () => clock.schedule(ORPHAN_GRACE_MS, () => server.stopNow()));
}
