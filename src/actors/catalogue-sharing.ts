/** Opens what catalogue recall shares: with other nodes through Redis, and with people through the models folder. */

import type { Config } from "../config/config.ts";
import { asError } from "../core/errors.ts";
import type { Interaction } from "../events/model.ts";
import type { InstallableCatalogue } from "../recommend/catalogue/recommender.ts";
import { readChannelWeights } from "../stores/files/channel-weights-file.ts";
import type { RedisCatalogue } from "../stores/redis/catalogue-store.ts";
import type { ActorContext } from "../supervisor/actor.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Realm } from "./realm.ts";
import { redisOf } from "./shared-cache.ts";
import type { ActorArgs } from "./tree.ts";

/** Counts signals as their events are committed. */
export interface SignalCounter {
  count(interactions: readonly Interaction[]): void;
}

/** Null without Redis: then each worker remembers for itself, and counts the events of the store. */
export async function openSharedCatalogue(
  context: ActorContext<ActorArgs>,
  { metrics, log }: Realm,
): Promise<RedisCatalogue | null> {
  const redis = redisOf(context.args.config);
  if (redis === null) return null;
  const { clock, random } = context;
  const { RedisCatalogue } = await import("../stores/redis/catalogue-store.ts");
  const late = { endpoint: "detail", operation: "redis_get" };
  return new RedisCatalogue({
    ...redis,
    clock,
    random,
    onLate: () => metrics.counter("recommendation_timeouts_total", late).inc(),
    onChange(state) {
      if (state === "up") log.info({}, "redis.catalogue_connected");
      else log.info({ error: state.message }, "redis.catalogue_lost");
    },
  });
}

/** Reads the weights when asked to; a file that cannot be used is told, and the weights before stay. Never rejects. */
export function openChannelWeights(
  { modelsDir }: Config,
  catalogue: Pick<InstallableCatalogue, "weigh">,
  log: Logger,
): { refresh(): Promise<void> } {
  return {
    async refresh() {
      try {
        catalogue.weigh(await readChannelWeights(modelsDir));
      } catch (thrown) {
        log.warn({ error: asError(thrown).message }, "channel_weights.refused");
      }
    },
  };
}
