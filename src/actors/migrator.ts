/** Brings the schema up to this build before anything reads it, then ends. */

import { Deadline } from "../core/deadline.ts";
import { asError, StoreUnavailableError } from "../core/errors.ts";
import { fullJitterMs } from "../core/retry-delay.ts";
import { ensureHalfLife } from "../stores/postgres/feature-decay.ts";
import { migrate } from "../stores/postgres/migrate.ts";
import { ensureOutboxPartitions } from "../stores/postgres/outbox-partitions.ts";
import type { Actor, ActorContext } from "../supervisor/actor.ts";
import { openRealm, type Realm } from "./realm.ts";
import { asRefusal } from "./refusal.ts";
import type { ActorArgs } from "./tree.ts";

/** Migrations of a large database take their time; another runner's are waited for as long. */
const RUN_TIMEOUT_MS = 600_000;
const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 5_000;

/**
 * Ready when the schema is current. With a store that cannot be reached it is ready at once, so that the API can
 * start and say that it is not; it then keeps trying. A schema that this build must not use ends the tree.
 */
export async function start(context: ActorContext<ActorArgs>): Promise<Actor> {
  const realm = openRealm(context, "store");
  const reached = await tryOnce(context, realm).catch(async (error) => {
    await realm[Symbol.asyncDispose]();
    throw error;
  });
  if (reached) context.done();
  else {
    realm.log.warn({}, "Postgres is unavailable at startup");
    keepTrying(context, realm).catch((error) => context.fail(error));
  }
  return { report: realm.report, stop: async () => realm[Symbol.asyncDispose]() };
}

async function keepTrying(context: ActorContext<ActorArgs>, realm: Realm): Promise<void> {
  for (let attempt = 1; !context.stopping.aborted; attempt++) {
    await context.clock.sleep(
      fullJitterMs(attempt, RETRY_MIN_MS, RETRY_MAX_MS, context.random),
      context.stopping,
    );
    context.progress();
    if (context.stopping.aborted) return;
    if (await tryOnce(context, realm)) return context.done();
  }
}

/** False when the store cannot be reached now. */
async function tryOnce(context: ActorContext<ActorArgs>, realm: Realm): Promise<boolean> {
  const { config, databaseUrl } = context.args;
  const deadline = Deadline.after(RUN_TIMEOUT_MS, context.clock);
  try {
    await migrate({
      url: databaseUrl,
      deadline,
      connectTimeoutMs: config.database.connectTimeoutMs,
      clock: context.clock,
      onApplied: (version) => realm.log.info({ version }, "migration.applied"),
    });
    await ensureOutboxPartitions(realm.pool, config.outbox.partitions, deadline);
    const halfLifeHours = config.reco.popularityHalfLifeHours;
    if (await ensureHalfLife(realm.pool, halfLifeHours, deadline))
      realm.log.info({ half_life_hours: halfLifeHours }, "migration.decayed_popularity_rebuilt");
    realm.log.info({}, "Database connected");
    return true;
  } catch (error) {
    if (error instanceof StoreUnavailableError) {
      realm.log.warn({ error: asError(error).message, reason: error.reason }, "migration.store_unavailable");
      return false;
    }
    throw asRefusal(error);
  }
}
